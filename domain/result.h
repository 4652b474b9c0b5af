// How operations that can fail answer: Result<T>, with the member names of std::expected (C++23), so that a later move
// replaces this one header. Expected failures are values; a bug aborts by RAPPORT_ASSERT; exceptions do not cross a layer.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

// On in every build: the only right way to handle broken code is to stop. Never on user input or stored bytes.
#define RAPPORT_ASSERT(condition) \
  ((condition) ? void() : (std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::abort()))

namespace rapport {

// Chosen by what the caller does next.
enum class ErrorCode : std::uint8_t {
  kInvalid,      // the request is malformed: correct it (HTTP 400, exit 1 or 2)
  kRejected,     // a business rule says no (422, exit 1)
  kNotFound,     // 404, exit 1
  kConflict,     // a lost race or a reused command id: load again, or give up (409 or 412, exit 1)
  kUnavailable,  // locked, overloaded, full, unreachable, not ready: later, or elsewhere (503, exit 3)
  kCorrupt,      // stored bytes are damaged or of an unknown format (500, exit 3)
};

struct Error {
  ErrorCode code;
  std::string reason;         // stable, for programs: "store.locked", "opportunity.not_open", "command.unknown_field"
  std::string message;        // one sentence for a person: what, where
  std::string field = {};     // the path of the field at fault, "/amount/currency"; empty if none
  std::string expected = {};  // what the field would have had to be; empty if none
  std::string hint = {};      // what to do about it; empty if that is plain
  std::uint64_t row = 0;      // of an input file: the line at fault, from 1; 0 = none
};

template <class T>
class [[nodiscard]] Result final {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }
  const Error& error() const& {
    RAPPORT_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    RAPPORT_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  T& checked() {
    RAPPORT_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> final {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}
  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    RAPPORT_ASSERT(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    RAPPORT_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace rapport
