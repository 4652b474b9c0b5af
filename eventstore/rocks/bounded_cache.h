// A cache by text that forgets what was not asked for lately. Two generations: a full young one becomes the old one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "eventstore/rocks/text_hash.h"

namespace rapport {

// One thread at a time. Holds between `size` and 2 * `size` entries once full.
template <class Value>
class BoundedCache final {
 public:
  explicit BoundedCache(std::size_t size) : size_(size) {}

  std::optional<Value> find(std::string_view key) {
    auto young = young_.find(key);
    if (young != young_.end()) return young->second;
    auto old = old_.find(key);
    if (old == old_.end()) return {};
    auto value = old->second;
    put(key, value);
    return value;
  }
  void put(std::string_view key, const Value& value) {
    auto found = young_.find(key);
    if (found != young_.end()) {
      found->second = value;
      return;
    }
    if (young_.size() >= size_) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.emplace(key, value);
  }
  // Every value, before it is forgotten.
  void clear(auto&& wipe) {
    for (auto* generation : {&young_, &old_})
      for (auto& [key, value] : *generation) wipe(value);
    clear();
  }
  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  using Generation = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;
  const std::size_t size_;
  Generation young_, old_;
};

}  // namespace rapport
