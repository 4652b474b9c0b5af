// JSON's text into nlohmann's document, by way of its SAX parser: only so can a duplicate member be
// told and depth be bounded.
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "adapters/json/json_pointer.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"

namespace rapport {
namespace {

using Json = nlohmann::json;

// Builds the document, and keeps the place for an error's pointer. Each callback answers whether to
// go on.
class DocumentBuilder {
 public:
  DocumentBuilder(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    auto& key = frames_.back().key.emplace(std::move(name));
    if (!frames_.back().container->contains(key)) return true;
    return fail("duplicate_field", "the member stands twice in its object", "each member once");
  }
  bool parse_error(std::size_t at, const std::string&, const Json::exception& cause);

  Result<Json> take(bool parsed) {
    if (error_) return *std::move(error_);
    RAPPORT_ASSERT(parsed);
    return std::move(root_);
  }

 private:
  struct Frame {
    Json* container;
    std::optional<std::string> key;  // of an object's member that is being read
  };

  Json& place() {
    if (frames_.empty()) return root_;
    auto& frame = frames_.back();
    if (frame.container->is_array()) return frame.container->emplace_back();
    return (*frame.container)[*frame.key];
  }
  template <class Value>
  bool put(Value&& value) {
    place() = std::forward<Value>(value);
    finished();
    return true;
  }
  bool open(Json&& container) {
    if (frames_.size() >= limits_.depth_max)
      return fail("too_deep", "objects and arrays are nested too deep",
                  "at most " + std::to_string(limits_.depth_max) + " levels");
    auto& placed = place() = std::move(container);
    frames_.push_back({&placed, {}});
    return true;
  }
  bool close() {
    frames_.pop_back();
    finished();
    return true;
  }
  void finished() {
    if (!frames_.empty()) frames_.back().key.reset();
  }
  bool fail(std::string_view reason, std::string message, std::string expected) {
    error_ = Error{ErrorCode::kInvalid, std::string(limits_.reason_prefix) + std::string(reason),
                   std::move(message), pointer(), std::move(expected)};
    return false;
  }
  std::string pointer() const {
    std::string path;
    for (auto& frame : frames_) {
      // An array's place is the element after the finished ones; an open container is in its array
      // already.
      if (frame.key)
        append_pointer(*frame.key, path);
      else if (frame.container->is_object())
        return path;
      else
        append_pointer(
            std::to_string(frame.container->size() - (&frame != &frames_.back() ? 1 : 0)), path);
    }
    return path;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  Json root_;
  std::vector<Frame> frames_;
  std::optional<Error> error_;
};

bool DocumentBuilder::parse_error(std::size_t at, const std::string&,
                                  const Json::exception& cause) {
  std::string_view why = cause.what();
  // nlohmann names no code for it: an ill-formed byte and half of a surrogate pair come as syntax
  // errors.
  bool utf8 = why.find("UTF-8") != why.npos || why.find("surrogate") != why.npos;
  auto place = "at byte " + std::to_string(at);
  if (utf8)
    return fail("bad_utf8", "the text is no UTF-8 " + place, "UTF-8 without lone surrogates");
  return fail("malformed", (text_.empty() ? "the text is empty" : "the text is no JSON " + place),
              "one JSON value");
}

}  // namespace

void append_pointer(std::string_view name, std::string& path) {
  path += '/';
  for (char c : name) {
    if (c == '~')
      path += "~0";
    else if (c == '/')
      path += "~1";
    else
      path += c;
  }
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max)
    return Error{ErrorCode::kInvalid, std::string(limits.reason_prefix) + "too_large",
                 "the text has " + std::to_string(text.size()) + " bytes", "",
                 "at most " + std::to_string(limits.bytes_max) + " bytes"};
  DocumentBuilder builder(text, limits);
  auto parsed = Json::sax_parse(text, &builder);
  return builder.take(parsed);
}

}  // namespace rapport
