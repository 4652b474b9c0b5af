// OpenSSL 3 calls these functions deprecated, but its one-shot replacement costs 250 ns more on each
// call: as much as hashing a leaf.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "eventstore/proof/sha256.h"

#include <openssl/sha.h>

#include <algorithm>

namespace rapport {
namespace {

void update(SHA256_CTX& context, std::initializer_list<Bytes> pieces) {
  for (auto piece : pieces) SHA256_Update(&context, piece.data(), piece.size());
}

Hash finish(SHA256_CTX& context) {
  Hash hash;
  SHA256_Final(hash.data(), &context);
  return hash;
}

}  // namespace

Hash sha256(std::initializer_list<Bytes> pieces) {
  SHA256_CTX context;
  SHA256_Init(&context);
  update(context, pieces);
  return finish(context);
}

// RFC 2104.
Hash hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces) {
  std::array<std::uint8_t, SHA256_CBLOCK> inner{};
  if (key.size() > inner.size()) {
    auto hashed = sha256({key});
    std::copy(hashed.begin(), hashed.end(), inner.begin());
  } else {
    std::copy(key.begin(), key.end(), inner.begin());
  }
  auto outer = inner;
  for (auto& byte : inner) byte ^= 0x36;
  for (auto& byte : outer) byte ^= 0x5c;
  SHA256_CTX context;
  SHA256_Init(&context);
  update(context, {inner});
  update(context, pieces);
  auto digest = finish(context);
  return sha256({outer, digest});
}

}  // namespace rapport
