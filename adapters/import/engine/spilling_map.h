// Keys to values, in memory as long as they are few, in scratch space when they are many.
#pragma once
#include <string>
#include <unordered_map>

#include "adapters/import/key_value.h"

namespace rapport::import {

// One thread.
class SpillingMap final {
 public:
  SpillingMap(MakeScratch make_scratch, std::size_t memory_bytes_max)
      : make_scratch_(std::move(make_scratch)), memory_bytes_max_(memory_bytes_max) {}

  // Null: there is none. Borrows until the next call.
  Result<const std::string*> find(const std::string& key) {
    if (auto found = map_.find(key); found != map_.end()) return &found->second;
    if (!scratch_) return static_cast<const std::string*>(nullptr);
    auto stored = scratch_->get(key);
    if (!stored) return stored.error();
    if (!*stored) return static_cast<const std::string*>(nullptr);
    found_ = std::move(**stored);
    return &found_;
  }
  Result<void> put(const std::string& key, std::string value) {
    bytes_ += key.size() + value.size() + 64;  // about what an entry costs
    map_.insert_or_assign(key, std::move(value));
    return bytes_ > memory_bytes_max_ ? spill() : Result<void>();
  }

 private:
  Result<void> spill() {
    if (!scratch_) {
      auto made = make_scratch_();
      if (!made) return made.error();
      scratch_ = std::move(*made);
    }
    std::vector<KeyValue::Change> changes;
    changes.reserve(map_.size());
    for (auto& [key, value] : map_) changes.push_back({key, std::move(value)});
    map_.clear();
    bytes_ = 0;
    return scratch_->write(changes, false);
  }

  MakeScratch make_scratch_;
  std::size_t memory_bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, std::string> map_;
  std::unique_ptr<KeyValue> scratch_;
  std::string found_;
};

}  // namespace rapport::import
