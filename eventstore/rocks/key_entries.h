// The entries of keys/db, their names and plain values, and the form of its witness. FORMAT.md, "keys".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/result.h"
#include "eventstore/byte_order.h"
#include "eventstore/rocks/master_key.h"
#include "eventstore/rocks/slot_file.h"

namespace rapport {

inline constexpr std::string_view kCheckEntry = "c", kSecretEntry = "d", kCountEntry = "n", kErasedEntry = "x";

inline std::string subject_entry(std::string_view subject) { return "s" + std::string(subject); }
inline std::string id_entry(std::uint64_t id) {
  std::string entry = "i";
  append_be<8>(entry, id);
  return entry;
}
inline std::uint64_t id_of(std::string_view entry) { return read_be<8>(entry.substr(1, sizeof(std::uint64_t))); }
inline std::string count_value(std::uint64_t count) {
  std::string value;
  append_be<8>(value, count);
  return value;
}

inline Error damaged_keys(std::string what) {
  return {ErrorCode::kCorrupt, "keys.damaged", "the keys are damaged: " + std::move(what), {}, {}, "restore a backup of keys/"};
}

inline SlotFile::Form key_witness_form(const MasterKey& master) {
  return {"RPKEYW01", sizeof(std::uint64_t),
          [seal = master.digest("rapport key witness")](Bytes bytes) { return hmac_sha256(seal, {bytes}); }};
}

}  // namespace rapport
