#include "eventstore/gateway/fold_cache.h"

#include <algorithm>

namespace rapport {

Working Working::clone() const {
  return {.aggregate = aggregate, .fold = fold->clone(), .version = version, .latest = latest, .bytes = bytes, .measured = measured};
}

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

void Working::measure() {
  if (bytes != 0 && version.value < measured.value + measured.value / 8 + 1) return;
  bytes = sizeof *this + fold->bytes() + latest.capacity() * sizeof latest[0];
  measured = version;
}

// The stream's name, and what a list, an index and their nodes take.
std::size_t FoldCache::bytes_of(const Entry& entry) {
  constexpr std::size_t kPlace = 128;
  return kPlace + owned_bytes(entry.stream) + entry.working.bytes;
}

std::size_t FoldCache::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

std::optional<Working> FoldCache::take(const std::string& stream) {
  std::lock_guard lock(mutex_);
  auto found = index_.find(stream);
  if (found == index_.end()) return std::nullopt;
  auto entry = found->second;
  bytes_ -= bytes_of(*entry);
  index_.erase(found);
  auto working = std::move(entry->working);
  recent_.erase(entry);
  return working;
}

void FoldCache::put(const std::string& stream, Working working) {
  working.measure();
  std::lock_guard lock(mutex_);
  if (auto found = index_.find(stream); found != index_.end()) {
    auto& entry = *found->second;
    if (entry.working.version >= working.version) return;
    bytes_ -= bytes_of(entry);
    entry.working = std::move(working);
    bytes_ += bytes_of(entry);
  } else {
    recent_.push_front({stream, std::move(working)});
    index_.emplace(recent_.front().stream, recent_.begin());
    bytes_ += bytes_of(recent_.front());
  }
  while (bytes_ > bytes_max_ && recent_.size() > 1) {
    bytes_ -= bytes_of(recent_.back());
    index_.erase(recent_.back().stream);
    recent_.pop_back();
  }
}

}  // namespace rapport
