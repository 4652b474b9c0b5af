// The value types that schema structs and annotations stand for, and what generated code calls to read and write them.
// Values borrow: a Text is a view into a message or the caller's memory. A state that outlives both holds std::string.
#pragma once
#include <capnp/blob.h>
#include <capnp/list.h>

#include <array>
#include <concepts>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/schema/common.capnp.h"

namespace rapport {

// Text that borrows: cheap to pass on, never to be kept.
struct Text : std::string_view {
  using std::string_view::string_view;
  constexpr Text() = default;
  constexpr Text(std::string_view v) : std::string_view(v) {}
  Text(const std::string& s) : std::string_view(s) {}
  Text(std::string&&) = delete;  // it would dangle: name the string first
  explicit operator std::string() const { return {data(), size()}; }
};

// Text about a person. In a command it is plain; stored, it is sealed under the data subject's key. It passes from a command
// to an event and cannot slip into a state, which would outlive an erasure: it converts to nothing.
class Personal {
 public:
  // What sealing adds to a text: format, key id, nonce and tag (eventstore/FORMAT.md), rounded up.
  static constexpr std::size_t kSealBytes = 64;

  Personal(Text text) : text_(text) {}
  Personal(const char* literal) : text_(literal) {}
  std::size_t size() const { return text_.size(); }
  Text reveal() const { return text_; }
  bool operator==(const Personal&) const = default;

 private:
  Text text_;
};

using wire::ForecastCategory;

struct Date {
  std::int32_t days;  // since 1970-01-01
  auto operator<=>(const Date&) const = default;
};
struct Timestamp {
  std::int64_t micros;  // since 1970-01-01T00:00:00Z
  auto operator<=>(const Timestamp&) const = default;
};

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// The day that a time falls on, UTC.
constexpr Date date_of(Timestamp t) {
  auto day = t.micros / kMicrosPerDay - (t.micros % kMicrosPerDay < 0);
  return {static_cast<std::int32_t>(day)};
}

// What a reader from the past sees of a union member that a newer writer added, and of `unspecified`.
struct Unknown {
  std::uint16_t ordinal;
  bool operator==(const Unknown&) const = default;
};

// Three letters of ISO 4217; empty while not set.
struct Currency {
  std::array<char, 3> code;

  constexpr Currency() : code{} {}
  consteval Currency(const char (&literal)[4]) : Currency(std::string_view(literal, 3)) {}
  constexpr explicit Currency(std::string_view s) : code{} {
    for (std::size_t i = 0; i < 3 && i < s.size(); ++i) code[i] = s[i];
  }
  constexpr explicit Currency(std::uint32_t packed)
      : code{static_cast<char>(packed), static_cast<char>(packed >> 8), static_cast<char>(packed >> 16)} {}
  constexpr std::uint32_t packed() const {
    auto byte = [this](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(code[i])); };
    return byte(0) | byte(1) << 8 | byte(2) << 16;
  }
  constexpr std::string_view view() const { return {code.data(), code[0] ? 3U : 0U}; }
  // Three capital letters: what a stored currency must be.
  constexpr bool well_formed() const {
    for (char c : code)
      if (c < 'A' || c > 'Z') return false;
    return true;
  }
  constexpr bool operator==(const Currency&) const = default;
};

// Decimals of a currency's minor unit by ISO 4217: 2 but for the few that have 0, 3 or 4.
int minor_digits(Currency currency);

struct Money {
  std::int64_t amount_minor;
  Currency currency;
  bool operator==(const Money&) const = default;

  const char* fault() const { return currency.well_formed() ? nullptr : "currency"; }
  using Wire = wire::Money;
  static Money read(Wire::Reader r) { return {r.getAmountMinor(), Currency(r.getCurrency())}; }
  void write(Wire::Builder b) const {
    b.setAmountMinor(amount_minor);
    b.setCurrency(currency.packed());
  }
};

struct UnitPrice {
  static constexpr std::uint8_t kScaleMax = 9;
  std::int64_t amount;
  std::uint8_t scale;
  Currency currency;
  bool operator==(const UnitPrice&) const = default;

  const char* fault() const { return !currency.well_formed() ? "currency" : scale > kScaleMax ? "scale" : nullptr; }
  using Wire = wire::UnitPrice;
  static UnitPrice read(Wire::Reader r) { return {r.getAmount(), r.getScale(), Currency(r.getCurrency())}; }
  void write(Wire::Builder b) const {
    b.setAmount(amount);
    b.setScale(scale);
    b.setCurrency(currency.packed());
  }
};

// An intermediate result in 128 bits, rounded once at the end.
__extension__ using Wide = __int128;
// numerator / divisor, half to even. divisor > 0. Nothing if the quotient does not fit 64 bits.
std::optional<std::int64_t> divide_half_even(Wide numerator, Wide divisor);

struct EventId {
  std::uint64_t command_high, command_low;
  std::uint16_t ordinal;
  bool operator==(const EventId&) const = default;

  const char* fault() const { return nullptr; }
  using Wire = wire::EventId;
  static EventId read(Wire::Reader r) { return {r.getCommandHigh(), r.getCommandLow(), r.getOrdinal()}; }
  void write(Wire::Builder b) const {
    b.setCommandHigh(command_high);
    b.setCommandLow(command_low);
    b.setOrdinal(ordinal);
  }
};

// --- what generated code calls ---
inline Text read_text(capnp::Text::Reader r) { return {r.begin(), r.size()}; }
inline void write_text(std::string_view v, capnp::Text::Builder b) {
  if (!v.empty()) std::memcpy(b.begin(), v.data(), v.size());
}
inline void write_text(const Personal& v, capnp::Text::Builder b) { write_text(v.reveal(), b); }

template <class T, class L>
std::vector<T> read_list(L list) {
  std::vector<T> out;
  out.reserve(list.size());
  for (auto e : list) {
    if constexpr (requires { T::read(e); }) out.push_back(T::read(e));
    else if constexpr (std::same_as<T, Text>) out.push_back(read_text(e));
    else out.push_back(e);
  }
  return out;
}
template <class T, class L>
void write_list(const std::vector<T>& v, L list) {
  for (unsigned i = 0; i < list.size(); ++i) {
    if constexpr (requires { v[i].write(list[i]); }) v[i].write(list[i]);
    else if constexpr (std::same_as<T, Text>) write_text(v[i], list.init(i, static_cast<unsigned>(v[i].size())));
    else list.set(i, v[i]);
  }
}

// A patch is a struct of optional fields: present = changed.
template <class P>
concept Patch = P::kPatch;

// What turns `from` into `wanted`: only the fields that `wanted` names and that differ, so that present means changed.
// A personal field is never in `from` (a state holds nothing personal), so it is taken as changed, with its old value absent.
template <Patch P>
struct Change {
  P old, new_;
  bool any = false;
};
template <Patch P>
Change<P> change(const P& from, const P& wanted) {
  Change<P> c{};
  P::each_field([&](auto field) {
    if (!(wanted.*field) || wanted.*field == from.*field) return;
    c.old.*field = from.*field;
    c.new_.*field = wanted.*field;
    c.any = true;
  });
  return c;
}

// Sets a state's field from a patch's: absent leaves it alone.
template <class Field, class T>
void patch(Field& field, const std::optional<T>& value) {
  if (value) field = *value;
}

}  // namespace rapport
