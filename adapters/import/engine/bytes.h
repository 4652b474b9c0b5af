// Small binary records: what the memory of imports, the sorter and the scratch space hold.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/import/engine/ids.h"
#include "adapters/import/engine/row.h"

namespace rapport::import {

// Appends to a string.
class BytesOut {
 public:
  explicit BytesOut(std::string& out) : out_(out) {}
  BytesOut& u8(std::uint8_t v) { return raw(&v, sizeof v); }
  BytesOut& u32(std::uint32_t v) { return raw(&v, sizeof v); }
  BytesOut& u64(std::uint64_t v) { return raw(&v, sizeof v); }
  BytesOut& i64(std::int64_t v) { return raw(&v, sizeof v); }
  BytesOut& id(const Id16& v) { return raw(v.data(), v.size()); }
  BytesOut& text(std::string_view v) {
    return u32(static_cast<std::uint32_t>(v.size())).raw(v.data(), v.size());
  }
  BytesOut& texts(const SourceTexts& v) {
    u32(static_cast<std::uint32_t>(v.size()));
    for (const auto& one : v) {
      u8(one.has_value());
      if (one) text(*one);
    }
    return *this;
  }
  BytesOut& value(const Value& v) {
    u8(static_cast<std::uint8_t>(v.kind))
        .u8(static_cast<std::uint8_t>(v.precision))
        .u8(v.scale)
        .u32(v.currency.packed());
    return i64(v.number).i64(v.days).text(v.text);
  }

 private:
  BytesOut& raw(const void* data, std::size_t size) {
    out_.append(static_cast<const char*>(data), size);
    return *this;
  }
  std::string& out_;
};

// Reads what BytesOut wrote; ok() is false after reading past the end.
class BytesIn {
 public:
  explicit BytesIn(std::string_view in) : in_(in) {}
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && in_.empty(); }
  std::uint8_t u8() { return take<std::uint8_t>(); }
  std::uint32_t u32() { return take<std::uint32_t>(); }
  std::uint64_t u64() { return take<std::uint64_t>(); }
  std::int64_t i64() { return take<std::int64_t>(); }
  Id16 id() { return take<Id16>(); }
  std::string_view text() {
    auto size = u32();
    if (size > in_.size()) return ok_ = false, std::string_view();
    auto out = in_.substr(0, size);
    in_.remove_prefix(size);
    return out;
  }
  void texts(SourceTexts& to) {
    auto size = u32();
    if (size > in_.size()) ok_ = false;
    to.resize(ok_ ? size : 0);
    for (auto& one : to) {
      if (u8())
        one.emplace(text());
      else
        one.reset();
    }
  }
  void value(Value& to) {
    to.kind = static_cast<Value::Kind>(u8());
    to.precision = static_cast<TimePrecision>(u8());
    to.scale = u8();
    to.currency = Currency(u32());
    to.number = i64();
    to.days = static_cast<std::int32_t>(i64());
    to.text.assign(text());
  }

 private:
  template <class T>
  T take() {
    T v{};
    if (in_.size() < sizeof v) return ok_ = false, v;
    std::memcpy(&v, in_.data(), sizeof v);
    in_.remove_prefix(sizeof v);
    return v;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace rapport::import
