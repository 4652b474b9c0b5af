// What a state holds in memory, its own size and what it owns, by reflection over its members: a cache is bounded by it.
#pragma once
#include <boost/pfr/core.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rapport {

// Of what it owns, beside sizeof. An estimate: what an allocator adds is not known.
template <class T>
std::size_t owned_bytes(const T& value);

namespace footprint {

inline constexpr std::size_t kNodeBytes = 4 * sizeof(void*);  // of a node of a map, beside its value

inline std::size_t owned(const std::string& text) {
  return text.capacity() < sizeof(std::string) ? 0 : text.capacity() + 1;  // a short one is within
}
template <class T>
std::size_t owned(const std::optional<T>& value) {
  return value ? owned_bytes(*value) : 0;
}
template <class A, class B>
std::size_t owned(const std::pair<A, B>& both) {
  return owned_bytes(both.first) + owned_bytes(both.second);
}
template <class T>
std::size_t owned(const std::vector<T>& values) {
  std::size_t bytes = values.capacity() * sizeof(T);
  for (const auto& value : values) bytes += owned_bytes(value);
  return bytes;
}
template <class K, class V, class C>
std::size_t owned(const std::map<K, V, C>& values) {
  std::size_t bytes = values.size() * (kNodeBytes + sizeof(std::pair<const K, V>));
  for (const auto& [key, value] : values) bytes += owned_bytes(key) + owned_bytes(value);
  return bytes;
}
template <class T>
concept Owner = requires(const T& value) { owned(value); };

}  // namespace footprint

template <class T>
std::size_t owned_bytes(const T& value) {
  if constexpr (footprint::Owner<T>) {
    return footprint::owned(value);
  } else if constexpr (std::is_trivially_copyable_v<T>) {
    return 0;
  } else {
    std::size_t bytes = 0;
    boost::pfr::for_each_field(value, [&](const auto& member) { bytes += owned_bytes(member); });
    return bytes;
  }
}

}  // namespace rapport
