#include "eventstore/rocks/master_key.h"

#include <sodium.h>

#include <cstdlib>

#include "eventstore/event.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr const char* kVariable = "RAPPORT_MASTER_KEY";
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(kNonceBytes + sizeof(Hash) + kTagBytes == kWrappedBytes);

Error wrong(const std::string& where) {
  return {ErrorCode::kCorrupt, "keys.master_key_wrong", where + " does not hold this store's master key", {}, {},
          "64 lower-case hex digits are expected; restore them from where they are kept"};
}

// Lower case only: then every byte of the text counts.
bool parse_key(std::string_view hex, Hash& key) {
  if (hex.size() != 2 * key.size()) return false;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    auto c = hex[i];
    auto digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return false;
    key[i / 2] = static_cast<std::uint8_t>(i % 2 ? key[i / 2] | digit : digit << 4);
  }
  return true;
}

const unsigned char* data(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<MasterKey> MasterKey::load(const std::filesystem::path& keys, bool create) {
  MasterKey key{Hash{}};
  if (const char* variable = std::getenv(kVariable); variable && *variable) {
    if (!parse_key(variable, key.key_)) return wrong(kVariable);
    return key;
  }
  auto path = keys / "master.key";
  auto text = read_file(path);
  if (!text && text.error().code == ErrorCode::kNotFound && create) {
    randombytes_buf(key.key_.data(), key.key_.size());
    if (auto written = write_file_durably(path, to_hex(key.key_) + '\n', 0600); !written) return written.error();
    key.in_file_ = true;
    return key;
  }
  if (!text && text.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kCorrupt, "keys.master_key_missing", path.string() + " is missing", {}, {},
                 std::string("set ") + kVariable + " or restore the file"};
  if (!text) return text.error();
  if (text->empty() || text->back() != '\n' || !parse_key({text->data(), text->size() - 1}, key.key_))
    return wrong(path.string());
  key.in_file_ = true;
  sodium_memzero(text->data(), text->size());
  return key;
}

Result<MasterKey> MasterKey::parse(std::string_view text, const std::string& where) {
  MasterKey key{Hash{}};
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (parse_key(text, key.key_)) return key;
  return Error{ErrorCode::kInvalid, "keys.master_key_malformed", where + " holds no master key", {}, "64 lower-case hex digits",
               "openssl rand -hex 32 makes one"};
}

std::string MasterKey::to_text() const { return to_hex(key_) + '\n'; }

MasterKey::MasterKey(MasterKey&& other) noexcept : key_(other.key_), in_file_(other.in_file_) {
  sodium_memzero(other.key_.data(), other.key_.size());
}
void MasterKey::operator=(MasterKey&& other) noexcept {
  key_ = other.key_;
  in_file_ = other.in_file_;
  if (this != &other) sodium_memzero(other.key_.data(), other.key_.size());
}
MasterKey::~MasterKey() { sodium_memzero(key_.data(), key_.size()); }

Hash MasterKey::digest(std::string_view purpose) const { return hmac_sha256(key_, {bytes_of(purpose)}); }

std::string MasterKey::wrap(const Hash& secret, std::string_view entry) const {
  std::string wrapped(kWrappedBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(wrapped.data());
  randombytes_buf(bytes, kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + kNonceBytes, nullptr, secret.data(), secret.size(), data(entry),
                                             entry.size(), nullptr, bytes, key_.data());
  return wrapped;
}

bool MasterKey::unwrap(std::string_view wrapped, std::string_view entry, Hash& secret) const {
  if (wrapped.size() != kWrappedBytes) return false;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(secret.data(), nullptr, nullptr, data(wrapped) + kNonceBytes,
                                                    wrapped.size() - kNonceBytes, data(entry), entry.size(), data(wrapped),
                                                    key_.data()) == 0;
}

}  // namespace rapport
