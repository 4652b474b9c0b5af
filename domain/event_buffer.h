// Encoded messages of one decision, back to back in blocks, each a whole single-segment Cap'n Proto message: the bytes that
// are stored, hashed and published are the bytes that `append` wrote.
#pragma once
#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <memory>
#include <vector>

namespace rapport {

// 8-byte aligned bytes of one message, with its segment table.
using Words = kj::ArrayPtr<const capnp::word>;

// One thread at a time. Views into it are valid until clear().
class EventBuffer final {
 public:
  EventBuffer();
  EventBuffer(const EventBuffer&) = delete;
  EventBuffer& operator=(const EventBuffer&) = delete;

  std::size_t size() const { return messages_.size(); }
  Words operator[](std::size_t i) const { return messages_[i]; }
  void clear();

  // Builds one message: fill gets Root's builder.
  template <class Root, class Fill>
  Words append(Fill&& fill) {
    Message message(*this);
    fill(message.initRoot<Root>());
    return seal(message);
  }
  // Appends a copy of what can be reached from another message's root.
  Words append_copy(capnp::AnyPointer::Reader root) {
    Message message(*this);
    message.setRoot(root);
    return seal(message);
  }

 private:
  // Builds in the block itself. MallocMessageBuilder and messageToFlatArray cost twice as much for a small event.
  class Message final : public capnp::MessageBuilder {
   public:
    explicit Message(EventBuffer& to) : to_(to) {}
    kj::ArrayPtr<capnp::word> allocateSegment(unsigned minimum) override;
    bool whole() const { return in_block_ && more_.empty(); }

   private:
    EventBuffer& to_;
    bool in_block_ = false;
    std::vector<kj::Array<capnp::word>> more_;
  };
  struct Block {  // zero from `used` on
    kj::Array<capnp::word> words;
    std::size_t used = 0;
    capnp::word* free() { return words.begin() + used; }
    std::size_t rest() const { return words.size() - used; }
  };

  static constexpr std::size_t kBlockWords = 4096;
  static constexpr std::size_t kMessageWords = 512;  // a block with less room than this is full

  Block& block_with_room();
  Words seal(Message& message);
  Words spill(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);

  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::vector<Words> messages_;
  std::vector<kj::Array<capnp::word>> spilled_;
};

}  // namespace rapport
