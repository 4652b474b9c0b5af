#include "eventstore/gateway/fold_cache.h"

#include <algorithm>

namespace rapport {

void Working::happened(std::uint16_t kind, Timestamp at) {
  for (auto& [known, time] : latest)
    if (known == kind) {
      time = std::max(time, at);
      return;
    }
  latest.emplace_back(kind, at);
}

std::optional<Timestamp> Working::latest_of(std::uint16_t kind) const {
  for (auto& [known, time] : latest)
    if (known == kind) return time;
  return std::nullopt;
}

std::optional<Working> FoldCache::take(const std::string& stream) {
  std::lock_guard lock(mutex_);
  auto found = index_.find(stream);
  if (found == index_.end()) return std::nullopt;
  auto entry = found->second;
  index_.erase(found);
  auto working = std::move(entry->working);
  recent_.erase(entry);
  return working;
}

void FoldCache::put(const std::string& stream, Working working) {
  std::lock_guard lock(mutex_);
  if (auto found = index_.find(stream); found != index_.end()) {
    if (found->second->working.version < working.version) found->second->working = std::move(working);
    return;
  }
  recent_.push_front({stream, std::move(working)});
  index_.emplace(recent_.front().stream, recent_.begin());
  if (index_.size() <= entries_max_) return;
  index_.erase(recent_.back().stream);
  recent_.pop_back();
}

}  // namespace rapport
