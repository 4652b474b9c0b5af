// keys/erased: which keys were destroyed, and when. It has no secret, and it outlives the keys: from it an older copy of them
// learns what was erased since. FORMAT.md, "keys/".
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <unordered_set>
#include <vector>

#include "eventstore/subject_keys.h"

namespace rapport {

// One thread at a time.
class ErasureRegister final {
 public:
  using Sign = std::function<Hash(std::string_view)>;
  explicit ErasureRegister(std::filesystem::path path, Sign sign) : path_(std::move(path)), sign_(std::move(sign)) {}

  // kCorrupt "keys.damaged". A last line without its end, which a crash cut off, does not count.
  Result<void> read();
  // Durable when it returns.
  Result<void> append(std::span<const Erasure> erasures);

  bool has(std::uint64_t key_id) const { return ids_.contains(key_id); }
  const std::vector<Erasure>& all() const { return all_; }

 private:
  Result<void> take(std::string_view line);
  std::string line_of(const Erasure& erasure) const;

  const std::filesystem::path path_;
  const Sign sign_;
  std::vector<Erasure> all_;
  std::unordered_set<std::uint64_t> ids_;
  std::string chain_;            // the last line's signature
  std::uint64_t whole_bytes_ = 0;
};

}  // namespace rapport
