// Big-endian integers in keys, heads and slots, so that byte order is number order.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rapport {

// Value must fit Size bytes.
template <std::size_t Size>
void put_be(std::uint64_t value, std::uint8_t* to) {
  for (std::size_t i = Size; i-- > 0; value >>= 8) to[i] = static_cast<std::uint8_t>(value);
}
template <std::size_t Size>
std::uint64_t get_be(const std::uint8_t* from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < Size; ++i) value = value << 8 | from[i];
  return value;
}

template <std::size_t Size>
void append_be(std::string& to, std::uint64_t value) {
  std::uint8_t bytes[Size];
  put_be<Size>(value, bytes);
  to.append(reinterpret_cast<const char*>(bytes), Size);
}
// The first bytes of `from`, which must be long enough.
template <std::size_t Size>
std::uint64_t read_be(std::string_view from) {
  return get_be<Size>(reinterpret_cast<const std::uint8_t*>(from.data()));
}

}  // namespace rapport
