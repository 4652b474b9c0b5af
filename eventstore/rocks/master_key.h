// The key that wraps all others: from RAPPORT_MASTER_KEY or keys/master.key.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "domain/result.h"
#include "eventstore/proof/sha256.h"

namespace rapport {

// A secret that is wiped from memory with its holder.
class MasterKey final {
 public:
  // create: makes keys/master.key if neither the environment nor a file has the key. "keys.master_key_missing", "…_wrong".
  static Result<MasterKey> load(const std::filesystem::path& keys, bool create);
  ~MasterKey();
  MasterKey(MasterKey&& other) noexcept;
  MasterKey(const MasterKey&) = delete;
  MasterKey& operator=(const MasterKey&) = delete;

  // HMAC of a purpose: to tell the right key from a wrong one, and to seal the witness.
  Hash digest(std::string_view purpose) const;
  // 32 bytes of secret, sealed together with `entry`, which must be the same to unwrap. FORMAT.md, "keys/".
  std::string wrap(const Hash& secret, std::string_view entry) const;
  // False: altered, or another master key's.
  bool unwrap(std::string_view wrapped, std::string_view entry, Hash& secret) const;

 private:
  explicit MasterKey(const Hash& key) : key_(key) {}
  Hash key_;
};

inline constexpr std::size_t kWrappedBytes = 72;

}  // namespace rapport
