#include "domain/event_buffer.h"

#include <algorithm>
#include <cstring>

namespace rapport {

EventBuffer::EventBuffer() { messages_.reserve(8); }

void EventBuffer::clear() {
  // Cap'n Proto wants zeroed memory, so only what was used is wiped.
  for (auto& block : blocks_) {
    std::memset(static_cast<void*>(block.words.begin()), 0, block.used * sizeof(capnp::word));
    block.used = 0;
  }
  current_ = 0;
  messages_.clear();
  spilled_.clear();
}

EventBuffer::Block& EventBuffer::block_with_room() {
  while (current_ < blocks_.size() && blocks_[current_].rest() < kMessageWords) ++current_;
  if (current_ == blocks_.size()) {
    blocks_.push_back({kj::heapArray<capnp::word>(kBlockWords)});
    std::memset(static_cast<void*>(blocks_.back().words.begin()), 0, kBlockWords * sizeof(capnp::word));
  }
  return blocks_[current_];
}

kj::ArrayPtr<capnp::word> EventBuffer::Message::allocateSegment(unsigned minimum) {
  if (!in_block_ && more_.empty()) {
    auto& block = to_.block_with_room();
    if (block.rest() > minimum + 1) {
      in_block_ = true;
      return {block.free() + 1, block.rest() - 1};
    }
  }
  more_.push_back(kj::heapArray<capnp::word>(std::max(minimum, 1024U)));
  std::memset(static_cast<void*>(more_.back().begin()), 0, more_.back().size() * sizeof(capnp::word));
  return more_.back();
}

Words EventBuffer::seal(Message& message) {
  auto segments = message.getSegmentsForOutput();
  auto& block = blocks_[current_];
  if (!message.whole()) {  // rare: a long text or many lines; copied into one segment, so that readers never meet two
    auto bytes = spill(segments);
    std::memset(static_cast<void*>(block.free()), 0, block.rest() * sizeof(capnp::word));
    return bytes;
  }
  auto* start = block.free();
  auto words = segments[0].size();
  std::uint32_t table[2] = {0, static_cast<std::uint32_t>(words)};  // segment count - 1, size; little-endian hosts only
  std::memcpy(static_cast<void*>(start), table, sizeof table);
  block.used += words + 1;
  return messages_.emplace_back(start, words + 1);
}

Words EventBuffer::spill(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  capnp::SegmentArrayMessageReader in(segments, {1u << 24, 64});
  std::size_t words = 1;
  for (auto segment : segments) words += segment.size();
  capnp::MallocMessageBuilder one(static_cast<unsigned>(words), capnp::AllocationStrategy::FIXED_SIZE);
  one.setRoot(in.getRoot<capnp::AnyPointer>());
  spilled_.push_back(capnp::messageToFlatArray(one));
  return messages_.emplace_back(spilled_.back().asPtr());
}

}  // namespace rapport
