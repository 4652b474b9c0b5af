#include "adapters/import/engine/ids.h"

#include <algorithm>

#include "adapters/import/mapping/value.h"

namespace rapport::import {

namespace {

constexpr std::string_view kVersion = "rapport.import.1";

// A JSON array, element by element.
class Canonical {
 public:
  Canonical& text(std::string_view element) {
    next();
    append_canonical(element, out_);
    return *this;
  }
  Canonical& json(std::string_view element) {
    next();
    out_ += element;
    return *this;
  }
  Canonical& number(std::uint64_t element) { return json(std::to_string(element)); }
  std::string_view close() {
    out_ += ']';
    return out_;
  }

 private:
  void next() { out_ += out_.empty() ? '[' : ','; }
  std::string out_;
};

CommandId uuid_v8(Id16 id) {
  id[6] = static_cast<std::uint8_t>((id[6] & 0x0F) | 0x80);
  id[8] = static_cast<std::uint8_t>((id[8] & 0x3F) | 0x80);
  return {id};
}

}  // namespace

Id16 Ids::digest(std::string_view canonical) const {
  auto whole = keys_.keyed_digest("import", canonical);
  Id16 id;
  std::copy_n(whole.begin(), id.size(), id.begin());
  return id;
}

Id16 Ids::record(std::string_view table, std::string_view key, std::string_view content,
                 std::uint64_t n, std::uint32_t epoch) const {
  Canonical canonical;
  canonical.text(kVersion).text(mapping_).text(table).json(key).json(content).number(n);
  if (epoch) canonical.number(epoch);
  return digest(canonical.close());
}

Id16 Ids::key(std::string_view table, std::string_view key) const {
  return digest(
      Canonical().text(kVersion).text(mapping_).text("key").text(table).json(key).close());
}

Id16 Ids::occurrence(std::string_view table, std::string_view key, std::string_view content) const {
  return digest(Canonical()
                    .text(kVersion)
                    .text(mapping_)
                    .text("occurrence")
                    .text(table)
                    .json(key)
                    .json(content)
                    .close());
}

CommandId Ids::command(const Id16& record, std::string_view command, std::string_view stream,
                       unsigned k) const {
  return uuid_v8(
      digest(Canonical().text(to_hex(record)).text(command).text(stream).number(k).close()));
}

CommandId Ids::once(std::string_view command, std::string_view stream,
                    StreamVersion version) const {
  Canonical canonical;
  canonical.text(kVersion).text(mapping_).text("once").text(command).text(stream);
  if (version.value) canonical.number(version.value);
  return uuid_v8(digest(canonical.close()));
}

CommandId Ids::policy(std::string_view id, std::string_view content, StreamVersion version) const {
  Canonical canonical;
  canonical.text(kVersion).text(mapping_).text("policy").text(id).text(content);
  if (version.value) canonical.number(version.value);
  return uuid_v8(digest(canonical.close()));
}

std::string Ids::import_id(const Hash& mapping_sha256, std::string_view options,
                           const std::vector<Hash>& files) const {
  Canonical canonical;
  canonical.text(kVersion).text(mapping_).text("import").text(to_hex(mapping_sha256)).text(options);
  for (const auto& file : files) canonical.text(to_hex(file));
  auto id = digest(canonical.close());
  // Crockford's base 32: no letters that are mistaken for digits.
  static constexpr char kLetters[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out;
  unsigned held = 0, bits = 0;
  for (auto byte : id) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[held >> (bits - 5) & 31];
    held &= (1u << bits) - 1;
  }
  return out += kLetters[held << (5 - bits) & 31];
}

CommandId Ids::batch(std::string_view import_id, std::string_view command,
                     std::string_view what) const {
  return uuid_v8(
      digest(Canonical().text(kVersion).text(import_id).text(command).text(what).close()));
}

std::string Ids::personal(std::string_view text) const {
  auto whole = keys_.keyed_digest("personal-id", text);
  return to_hex(std::span(whole).first(16));
}

}  // namespace rapport::import
