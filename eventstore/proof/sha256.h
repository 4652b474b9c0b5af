// SHA-256 over pieces, and HMAC. Every hash and proof of the log rests on these.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace rapport {

using Hash = std::array<std::uint8_t, 32>;  // SHA-256
using Bytes = std::span<const std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Of the pieces one after the other.
Hash sha256(std::initializer_list<Bytes> pieces);
Hash hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces);

}  // namespace rapport
