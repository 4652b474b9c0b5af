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
  // From text of 64 lower-case hex digits, a line's end behind them or not. `where` is what an error names.
  static Result<MasterKey> parse(std::string_view text, const std::string& where);
  ~MasterKey();
  MasterKey(MasterKey&& other) noexcept;
  MasterKey(const MasterKey&) = delete;
  MasterKey& operator=(const MasterKey&) = delete;
  void operator=(MasterKey&& other) noexcept;
  MasterKey copy() const { return MasterKey(key_); }

  // From keys/master.key, and not from the environment.
  bool in_file() const { return in_file_; }
  void keep_in_file() { in_file_ = true; }
  // What keys/master.key holds.
  std::string to_text() const;

  // HMAC of a purpose: to tell the right key from a wrong one, and to seal the witness.
  Hash digest(std::string_view purpose) const;
  // 32 bytes of secret, sealed together with `entry`, which must be the same to unwrap. FORMAT.md, "keys/".
  std::string wrap(const Hash& secret, std::string_view entry) const;
  // False: altered, or another master key's.
  bool unwrap(std::string_view wrapped, std::string_view entry, Hash& secret) const;

 private:
  explicit MasterKey(const Hash& key) : key_(key) {}
  Hash key_;
  bool in_file_ = false;
};

inline constexpr std::size_t kWrappedBytes = 72;

}  // namespace rapport
