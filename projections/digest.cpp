#include "projections/digest.h"

#include <openssl/evp.h>

#include "projections/row.h"

namespace rapport::projections {
namespace {

constexpr std::size_t kChunkBytes = 64u << 10;

// OpenSSL fails here only where SHA-256 is not to be had at all.
void must(int done) { RAPPORT_ASSERT(done == 1); }

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  RAPPORT_ASSERT(context_ != nullptr);
  must(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr));
}
Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::flush() {
  must(EVP_DigestUpdate(context_, chunk_.data(), chunk_.size()));
  chunk_.clear();
}
void Sha256::add(std::string_view bytes) {
  chunk_.append(bytes);
  if (chunk_.size() > kChunkBytes) flush();
}
void Sha256::add_framed(std::string_view bytes) {
  put_varint(chunk_, bytes.size());
  add(bytes);
}
Hash Sha256::finish() {
  flush();
  Hash hash{};
  must(EVP_DigestFinal_ex(context_, hash.data(), nullptr));
  must(EVP_DigestInit_ex(context_, nullptr, nullptr));
  return hash;
}

Result<Hash> rows_digest(const RowSnapshot& snapshot, Position p) {
  Sha256 sha;
  auto scanned = snapshot.scan("", p, [&](std::string_view key, std::string_view body) {
    sha.add_framed(key);
    sha.add_framed(body);
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  return sha.finish();
}

}  // namespace rapport::projections
