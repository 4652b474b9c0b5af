#include "eventstore/subject_keys.h"

#include <sodium.h>

#include "eventstore/byte_order.h"

namespace rapport {
namespace {

// FORMAT.md, "Sealed text".
constexpr char kFormat = 1;
constexpr std::size_t kKeyId = 1, kNonce = 9;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kText = kNonce + kNonceBytes;
static_assert(kText + kTagBytes <= Personal::kSealBytes);

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string seal(const SubjectKeys::Key& key, std::string_view text) {
  std::string sealed(1, kFormat);
  append_be<8>(sealed, key.id);
  sealed.resize(kText + text.size() + kTagBytes);
  randombytes_buf(&sealed[kNonce], kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(sealed) + kText, nullptr, bytes(text), text.size(), nullptr, 0, nullptr,
                                             bytes(sealed) + kNonce, key.secret.data());
  return sealed;
}

std::uint64_t sealing_key(std::string_view sealed) {
  if (sealed.size() < kText + kTagBytes || sealed[0] != kFormat) return 0;
  return read_be<8>(sealed.substr(kKeyId));
}

std::optional<std::string> unseal(const SubjectKeys::Key& key, std::string_view sealed) {
  if (sealing_key(sealed) != key.id || key.id == 0) return {};
  std::string text(sealed.size() - kText - kTagBytes, '\0');
  auto failed = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(text), nullptr, nullptr, bytes(sealed) + kText,
                                                           sealed.size() - kText, nullptr, 0, bytes(sealed) + kNonce,
                                                           key.secret.data());
  if (failed) return {};
  return text;
}

}  // namespace rapport
