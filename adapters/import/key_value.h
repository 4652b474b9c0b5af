// What the memory of imports and the scratch space of a run are kept in: ordered bytes to bytes.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"

namespace rapport::import {

// One writer; reading while nobody writes is safe from any thread. On disk each() may read also while somebody writes, and then sees
// one moment.
class KeyValue {
 public:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nothing: remove
  };
  virtual ~KeyValue() = default;
  // kCorrupt if the stored bytes are damaged.
  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;
  // All or nothing. `durable`: on the disk when it returns; else after a power failure the last
  // writes may be missing, in order.
  virtual Result<void> write(const std::vector<Change>& changes, bool durable) = 0;
  // Every key with the prefix, in order, until `take` answers false.
  virtual Result<void> each(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& take) const = 0;
  // Reads everything and checks it.
  virtual Result<void> verify() const = 0;
  // Brings everything into checked files; at the end of an import.
  virtual Result<void> settle() = 0;
};
using MakeScratch = std::function<Result<std::unique_ptr<KeyValue>>()>;

// In memory, on top of another store that it only reads, if there is one: dry runs and tests.
class OverlayKeyValue final : public KeyValue {
 public:
  explicit OverlayKeyValue(const KeyValue* base = nullptr) : base_(base) {}
  Result<std::optional<std::string>> get(std::string_view key) const override;
  Result<void> write(const std::vector<Change>& changes, bool durable) override;
  Result<void> each(
      std::string_view prefix,
      const std::function<bool(std::string_view key, std::string_view value)>& take) const override;
  Result<void> verify() const override { return base_ ? base_->verify() : Result<void>(); }
  Result<void> settle() override { return {}; }

 private:
  const KeyValue* base_;
  std::map<std::string, std::optional<std::string>, std::less<>> changes_;
};

}  // namespace rapport::import
