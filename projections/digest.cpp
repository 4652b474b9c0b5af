#include "projections/digest.h"

#include <openssl/evp.h>

#include "projections/row.h"

namespace rapport::projections {

Result<Hash> rows_digest(const RowSnapshot& snapshot, Position p) {
  constexpr std::size_t kChunkBytes = 64u << 10;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sha(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool done = EVP_DigestInit_ex(sha.get(), EVP_sha256(), nullptr) == 1;
  std::string chunk;
  auto flush = [&] {
    done = done && EVP_DigestUpdate(sha.get(), chunk.data(), chunk.size()) == 1;
    chunk.clear();
  };
  auto scanned = snapshot.scan("", p, [&](std::string_view key, std::string_view body) {
    put_varint(chunk, key.size());
    chunk.append(key);
    put_varint(chunk, body.size());
    chunk.append(body);
    if (chunk.size() > kChunkBytes) flush();
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  flush();
  Hash hash{};
  done = done && EVP_DigestFinal_ex(sha.get(), hash.data(), nullptr) == 1;
  RAPPORT_ASSERT(done);
  return hash;
}

}  // namespace rapport::projections
