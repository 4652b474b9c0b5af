// Cap'n Proto to JSON by the schema, appended to a text: no document in between.
//
// Every field is there, in the schema's order; absent = null. Enums by name, dates "2011-02-28",
// times RFC 3339 in UTC, currencies "EUR", event ids "uuid.n", Data in base64. An enumerant that is
// unspecified or from a newer schema is null, like any value that JSON has no honest form for. Text
// that is UTF-8 comes out byte for byte, but for the escapes that JSON wants; bytes that are none
// become U+FFFD. Errors are kCorrupt: a damaged message, or a sealed text that was altered; `out`
// then ends anywhere. All functions are safe for concurrent use.
#pragma once
#include <capnp/any.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/event_buffer.h"
#include "domain/result.h"
#include "domain/values.h"

namespace rapport {

class SealOpener;
struct StructPlan;
struct UnionPlan;

// What becomes of personal texts. Of a stored event: opened, or {"sealed":"base64"} without an
// opener; null if the key was erased or is not known here; bytes that no seal ever made are text.
// Of a command, or an event before it is stored: kPlainTexts.
class PersonalTexts {
 public:
  PersonalTexts(const SealOpener* opener) : opener_(opener) {}  // null: left sealed
  // Left sealed, but null where the opener knows that the key was erased.
  static PersonalTexts left_sealed(const SealOpener* opener) {
    PersonalTexts texts(opener);
    texts.sealed_ = true;
    return texts;
  }
  // "***" for each text that is there.
  static constexpr PersonalTexts masked() {
    PersonalTexts texts;
    texts.plain_ = false;
    texts.masked_ = true;
    return texts;
  }
  bool are_masked() const { return masked_; }
  static constexpr PersonalTexts plain() { return PersonalTexts(); }
  bool are_plain() const { return plain_; }
  bool stay_sealed() const { return sealed_ || (opener_ == nullptr && !masked_); }
  const SealOpener* opener() const { return opener_; }

 private:
  constexpr PersonalTexts() : plain_(true) {}
  const SealOpener* opener_ = nullptr;
  bool plain_ = false, sealed_ = false, masked_ = false;
};
// Where texts were that an erasure made unreadable, as JSON pointers ("/new/name"): they are null.
using ErasedTexts = std::vector<std::string>;
inline constexpr PersonalTexts kPlainTexts = PersonalTexts::plain();

Result<void> append_struct(const StructPlan& plan, capnp::AnyStruct::Reader from,
                           PersonalTexts personal, std::string& out);

// The fields of the member that a Command or Event union holds; {} for one from a newer schema.
Result<void> append_member(const UnionPlan& plan, capnp::AnyStruct::Reader from,
                           PersonalTexts personal, std::string& out, ErasedTexts* erased = nullptr);
Result<void> append_member(const UnionPlan& plan, Words message, PersonalTexts personal,
                           std::string& out, ErasedTexts* erased = nullptr);

// One personal text, as above; whether it was erased.
Result<bool> append_personal(std::string_view text, PersonalTexts personal, std::string& out);

// Single values.
void append_text(std::string_view text, std::string& out);  // with its quotes
void append_integer(std::int64_t value, std::string& out);
void append_integer(std::uint64_t value, std::string& out);
void append_date(Date date, std::string& out);  // with quotes; null outside the years 1 to 9999
void append_time(Timestamp time, std::string& out);  // likewise

}  // namespace rapport
