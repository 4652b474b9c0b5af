// A state as bytes and back, by reflection over its members: for a cache on the machine that wrote it, under folds_version(). A state
// with a member that is not spelled out here does not compile, and so one that borrows or holds a personal text.
#pragma once
#include <boost/pfr/core.hpp>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "domain/values.h"

namespace rapport {

template <class T>
void write_state(const T& value, std::string& out);
// Takes the value off the front of `in`; false if there is none.
template <class T>
[[nodiscard]] bool read_state(std::string_view& in, T& value);

namespace state_bytes {

template <class T>
concept Plain = std::is_integral_v<T> || std::is_enum_v<T>;
template <class T>
inline constexpr bool kBorrows = std::is_pointer_v<T> || std::is_base_of_v<std::string_view, T> || std::is_same_v<T, Personal>;

inline void write_count(std::size_t count, std::string& out) { write_state(std::uint64_t{count}, out); }
// Of things that take a byte each at least.
inline bool read_count(std::string_view& in, std::uint64_t& count) { return read_state(in, count) && count <= in.size(); }

template <Plain T>
void write(const T& value, std::string& out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}
template <Plain T>
bool read(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  if constexpr (std::is_same_v<T, bool>) {
    if (in[0] != 0 && in[0] != 1) return false;
  }
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

inline void write(const std::string& text, std::string& out) {
  write_count(text.size(), out);
  out += text;
}
inline bool read(std::string_view& in, std::string& text) {
  std::uint64_t size = 0;
  if (!read_count(in, size)) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

inline void write(const Currency& currency, std::string& out) { write_state(currency.packed(), out); }
inline bool read(std::string_view& in, Currency& currency) {
  std::uint32_t packed = 0;
  if (!read_state(in, packed)) return false;
  currency = Currency(packed);
  return true;
}

template <class T>
void write(const std::optional<T>& value, std::string& out) {
  write_state(value.has_value(), out);
  if (value) write_state(*value, out);
}
template <class T>
bool read(std::string_view& in, std::optional<T>& value) {
  bool present = false;
  if (!read_state(in, present)) return false;
  if (!present) return value.reset(), true;
  return read_state(in, value.emplace());
}

template <class A, class B>
void write(const std::pair<A, B>& both, std::string& out) {
  write_state(both.first, out);
  write_state(both.second, out);
}
template <class A, class B>
bool read(std::string_view& in, std::pair<A, B>& both) {
  return read_state(in, both.first) && read_state(in, both.second);
}

template <class T>
void write(const std::vector<T>& values, std::string& out) {
  write_count(values.size(), out);
  for (const auto& value : values) write_state(value, out);
}
template <class T>
bool read(std::string_view& in, std::vector<T>& values) {
  std::uint64_t count = 0;
  if (!read_count(in, count)) return false;
  values.clear();
  for (; count > 0; --count)
    if (!read_state(in, values.emplace_back())) return false;
  return true;
}

template <class K, class V, class C>
void write(const std::map<K, V, C>& values, std::string& out) {
  write_count(values.size(), out);
  for (const auto& [key, value] : values) {
    write_state(key, out);
    write_state(value, out);
  }
}
template <class K, class V, class C>
bool read(std::string_view& in, std::map<K, V, C>& values) {
  std::uint64_t count = 0;
  if (!read_count(in, count)) return false;
  values.clear();
  for (; count > 0; --count) {
    std::pair<K, V> entry{};
    if (!read_state(in, entry)) return false;
    values.emplace_hint(values.end(), std::move(entry));  // they were written in order
  }
  return true;
}

template <class T>
concept SpelledOut = requires(const T& value, std::string& out) { state_bytes::write(value, out); };

}  // namespace state_bytes

template <class T>
void write_state(const T& value, std::string& out) {
  static_assert(!state_bytes::kBorrows<T>, "a state owns its texts, and holds nothing personal");
  if constexpr (state_bytes::SpelledOut<T>) state_bytes::write(value, out);
  else boost::pfr::for_each_field(value, [&](const auto& member) { write_state(member, out); });
}

template <class T>
bool read_state(std::string_view& in, T& value) {
  if constexpr (state_bytes::SpelledOut<T>) {
    return state_bytes::read(in, value);
  } else {
    bool whole = true;
    boost::pfr::for_each_field(value, [&](auto& member) { whole = whole && read_state(in, member); });
    return whole;
  }
}

}  // namespace rapport
