// A row is a plain struct with two lists of its fields: what is its key and what is its value. Bytes, the order of keys
// and the declaration that a store remembers come from the lists. Rows own their texts: nothing in a row borrows from an
// event.
#pragma once
#include <boost/pfr/tuple_size.hpp>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "domain/values.h"

namespace rapport::projections {

// Bytes as the log holds them, sealed under the data subject's key: a row passes them on; only a report opens them.
struct Sealed {
  std::string bytes;
  bool operator==(const Sealed&) const = default;
};

// What events hold, as rows keep it: absent = empty.
inline std::string text(const std::optional<Text>& v) { return v ? std::string(*v) : std::string(); }
inline Sealed sealed(const std::optional<Personal>& v) { return {v ? std::string(v->reveal()) : std::string()}; }
inline void patch(Sealed& field, const std::optional<Personal>& v) {
  if (v) field.bytes.assign(v->reveal());
}
using rapport::patch;

// --- value bytes: varints and length-prefixed text, in the order of the list ---
inline void put_varint(std::string& out, std::uint64_t v) {
  char bytes[10];
  std::size_t n = 0;
  while (v >= 128) bytes[n++] = static_cast<char>(v | 128), v >>= 7;
  bytes[n++] = static_cast<char>(v);
  out.append(bytes, n);
}
template <std::integral T>
void put(std::string& out, T v) {
  if constexpr (std::signed_integral<T>) {
    auto wide = static_cast<std::int64_t>(v);  // zigzag: small negative numbers stay short
    put_varint(out, (static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
  } else {
    put_varint(out, v);
  }
}
template <class T>
  requires std::is_enum_v<T>
void put(std::string& out, T v) {
  put_varint(out, static_cast<std::uint64_t>(v));
}
// A sum that 64 bits may not hold: zigzag as above, in up to 19 bytes.
inline void put(std::string& out, Wide v) {
  __extension__ using WideBits = unsigned __int128;
  auto bits = (static_cast<WideBits>(v) << 1) ^ static_cast<WideBits>(v >> 127);
  for (; bits >= 128; bits >>= 7) out.push_back(static_cast<char>(static_cast<unsigned char>(bits) | 128));
  out.push_back(static_cast<char>(bits));
}
inline void put(std::string& out, const std::string& v) {
  put_varint(out, v.size());
  out.append(v);
}
inline void put(std::string& out, const Sealed& v) { put(out, v.bytes); }
inline void put(std::string& out, Date v) { put(out, v.days); }
inline void put(std::string& out, Timestamp v) { put(out, v.micros); }
inline void put(std::string& out, Currency v) { out.append(v.code.data(), 3); }
inline void put(std::string& out, const Money& v) {
  put(out, v.amount_minor);
  put(out, v.currency);
}
template <class T>
void put(std::string& out, const std::optional<T>& v) {
  out.push_back(v ? 1 : 0);
  if (v) put(out, *v);
}
template <class T>
void put(std::string& out, const std::vector<T>& v) {
  put_varint(out, v.size());
  for (auto& e : v) put(out, e);
}

// Reads what put wrote. Past the end or out of form it sets `ok` to false and yields zeros: stored bytes may be damaged.
struct Reader {
  const char* at;
  const char* end;
  bool ok = true;

  explicit Reader(std::string_view bytes) : at(bytes.data()), end(at + bytes.size()) {}
  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      auto b = static_cast<unsigned char>(*at++);
      v |= static_cast<std::uint64_t>(b & 127) << shift;
      if (b < 128) return v;
    }
    ok = false;
    return 0;
  }
  std::string_view bytes(std::uint64_t n) {
    if (n > static_cast<std::uint64_t>(end - at)) {
      ok = false;
      return {};
    }
    auto* start = at;
    at += n;
    return {start, static_cast<std::size_t>(n)};
  }
};
template <std::integral T>
void get(Reader& in, T& v) {
  auto u = in.varint();
  if constexpr (std::signed_integral<T>) v = static_cast<T>((u >> 1) ^ (~(u & 1) + 1));
  else v = static_cast<T>(u);
}
template <class T>
  requires std::is_enum_v<T>
void get(Reader& in, T& v) {
  v = static_cast<T>(in.varint());
}
inline void get(Reader& in, Wide& v) {
  __extension__ using WideBits = unsigned __int128;
  WideBits bits = 0;
  for (int shift = 0;; shift += 7) {
    auto byte = in.bytes(1);
    if (byte.empty() || shift > 126) {
      in.ok = false;
      v = 0;
      return;
    }
    auto b = static_cast<unsigned char>(byte[0]);
    bits |= static_cast<WideBits>(b & 127) << shift;
    if (b < 128) break;
  }
  v = static_cast<Wide>((bits >> 1) ^ (~(bits & 1) + 1));
}
inline void get(Reader& in, std::string& v) { v.assign(in.bytes(in.varint())); }
inline void get(Reader& in, Sealed& v) { get(in, v.bytes); }
inline void get(Reader& in, Date& v) { get(in, v.days); }
inline void get(Reader& in, Timestamp& v) { get(in, v.micros); }
inline void get(Reader& in, Currency& v) { v = Currency(in.bytes(3)); }
inline void get(Reader& in, Money& v) {
  get(in, v.amount_minor);
  get(in, v.currency);
}
template <class T>
void get(Reader& in, std::optional<T>& v) {
  auto present = in.bytes(1);
  v.reset();
  if (present == std::string_view("\1", 1)) get(in, v.emplace());
  else if (present != std::string_view("\0", 1)) in.ok = false;
}
template <class T>
void get(Reader& in, std::vector<T>& v) {
  auto n = in.varint();
  v.clear();
  if (n > static_cast<std::uint64_t>(in.end - in.at)) in.ok = false;  // every element takes a byte at least
  for (; in.ok && n; --n) get(in, v.emplace_back());
}

// --- key bytes: they sort as their values, and no key is the beginning of another. A text ends with 0; a 0 or 1 in it is
// written as 1 1 or 1 2. Numbers have fixed width, big-endian, a signed one with its sign turned. ---
inline void put_key(std::string& out, std::string_view v) {
  for (char c : v) {
    if (static_cast<unsigned char>(c) > 1) out.push_back(c);
    else out.append(1, '\1').push_back(static_cast<char>(c + 1));
  }
  out.push_back('\0');
}
template <std::integral T>
void put_key(std::string& out, T v) {
  using U = std::make_unsigned_t<T>;
  auto u = static_cast<U>(v);
  if constexpr (std::signed_integral<T>) u = static_cast<U>(u ^ (U{1} << (sizeof(U) * 8 - 1)));
  for (int shift = sizeof(U) * 8 - 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(u >> shift));
}
template <class T>
  requires std::is_enum_v<T>
void put_key(std::string& out, T v) {
  put_key(out, static_cast<std::uint16_t>(v));
}
inline void put_key(std::string& out, Date v) { put_key(out, v.days); }
inline void put_key(std::string& out, Timestamp v) { put_key(out, v.micros); }
inline void put_key(std::string& out, Currency v) { put_key(out, v.packed()); }

inline void get_key(Reader& in, std::string& v) {
  v.clear();
  for (; in.at < in.end && *in.at; ++in.at) {
    if (*in.at != '\1') v.push_back(*in.at);
    else if (++in.at < in.end) v.push_back(static_cast<char>(*in.at - 1));
    else break;
  }
  if (in.at < in.end) ++in.at;
  else in.ok = false;
}
template <std::integral T>
void get_key(Reader& in, T& v) {
  using U = std::make_unsigned_t<T>;
  std::uint64_t u = 0;
  for (char c : in.bytes(sizeof(T))) u = u << 8 | static_cast<unsigned char>(c);
  if constexpr (std::signed_integral<T>) u ^= std::uint64_t{1} << (sizeof(U) * 8 - 1);
  v = static_cast<T>(static_cast<U>(u));
}
template <class T>
  requires std::is_enum_v<T>
void get_key(Reader& in, T& v) {
  std::uint16_t u = 0;
  get_key(in, u);
  v = static_cast<T>(u);
}
inline void get_key(Reader& in, Date& v) { get_key(in, v.days); }
inline void get_key(Reader& in, Timestamp& v) { get_key(in, v.micros); }
inline void get_key(Reader& in, Currency& v) {
  std::uint32_t packed = 0;
  get_key(in, packed);
  v = Currency(packed);
}

// --- the lists ---
template <auto Member>
constexpr std::string_view member_name() {  // "stage" of &Opportunity::stage
  std::string_view s = __PRETTY_FUNCTION__;
  s = s.substr(0, s.find_first_of(";]"));
  return s.substr(s.rfind(':') + 1);
}
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
std::string type_name() {
  if constexpr (IsOptional<T>::value) return type_name<typename T::value_type>() + "?";
  else if constexpr (IsVector<T>::value) return type_name<typename T::value_type>() + "[]";
  else if constexpr (std::same_as<T, std::string>) return "text";
  else if constexpr (std::same_as<T, Sealed>) return "sealed";
  else if constexpr (std::same_as<T, bool>) return "bool";
  else if constexpr (std::is_enum_v<T>) return "enum";
  else if constexpr (std::same_as<T, Wide>) return "i128";
  else if constexpr (std::integral<T>) return std::string(1, std::signed_integral<T> ? 'i' : 'u').append(std::to_string(sizeof(T) * 8));
  else if constexpr (std::same_as<T, Date>) return "date";
  else if constexpr (std::same_as<T, Timestamp>) return "timestamp";
  else if constexpr (std::same_as<T, Currency>) return "currency";
  else return static_cast<void>(static_cast<Money*>(static_cast<T*>(nullptr))), "money";
}

template <auto... Member>
struct Fields {
  static constexpr std::size_t count = sizeof...(Member);
  static void each(auto& row, auto&& f) { (f(row.*Member), ...); }
  static void assign(auto& row, const auto&... values) { ((row.*Member = values), ...); }
  template <class R>
  static std::string declaration() {
    std::string out;
    auto add = [&](std::string_view name, const std::string& type) { out.append(name).append(" ").append(type).append("\n"); };
    (add(member_name<Member>(), type_name<std::remove_cvref_t<decltype(std::declval<R&>().*Member)>>()), ...);
    return out;
  }
};

template <class R>
concept Row = std::is_aggregate_v<R> && std::default_initializable<R> && requires {
  typename R::Key;
  typename R::Value;
  { R::kTable } -> std::convertible_to<char>;
};

template <Row R>
std::string key_of(const R& row) {
  std::string out(1, R::kTable);
  R::Key::each(row, [&](auto& v) { put_key(out, v); });
  return out;
}
// What every key of R's table begins with, given the first of its fields.
template <Row R>
std::string key_prefix(const auto&... first) {
  std::string out(1, R::kTable);
  (put_key(out, first), ...);
  return out;
}
template <Row R>
void write(const R& row, std::string& out) {
  R::Value::each(row, [&](auto& v) { put(out, v); });
}
// False: damaged bytes.
template <Row R>
[[nodiscard]] bool read(std::string_view key, std::string_view value, R& row) {
  if (key.empty() || key[0] != R::kTable) return false;
  Reader k(key.substr(1)), v(value);
  R::Key::each(row, [&](auto& field) { get_key(k, field); });
  R::Value::each(row, [&](auto& field) { get(v, field); });
  return k.ok && v.ok && k.at == k.end && v.at == v.end;
}
// Kept in the store and compared at open: a changed row is a new version of the view, never a reinterpretation of old bytes.
template <Row R>
std::string declaration() {
  return std::string(1, R::kTable) + "\n" + R::Key::template declaration<R>() + "--\n" + R::Value::template declaration<R>();
}

}  // namespace rapport::projections
