#include "domain/reading.h"

#include <cstring>
#include <vector>

namespace rapport {
namespace {

// Follows every pointer of a message's one segment, as https://capnproto.org/encoding.html has them. By hand: Cap'n Proto's own readers
// do not say where something lies, and each event that is appended comes by here.
class Walk final {
 public:
  explicit Walk(Words segment) : words_(segment), reached_(reached()) { reached_.assign(segment.size() / 64 + 1, 0); }

  // False: a pointer leads out of the segment, into another one, to words that were reached before, or to more elements than bytes.
  bool follow(std::size_t at, unsigned depth) {
    const auto pointer = word(at);
    if (pointer == 0) return true;
    const auto target = static_cast<std::int64_t>(at) + 1 + (static_cast<std::int32_t>(pointer) >> 2);
    if (depth == 0 || target < 0) return false;
    const auto to = static_cast<std::size_t>(target);
    if (kind(pointer) == 1) return follow_list(to, pointer >> 32 & 7, pointer >> 35, depth);
    const Shape shape(pointer);
    return kind(pointer) == 0 && reach(to, shape.words()) && follow_pointers(to, shape, depth);
  }
  bool reach(std::size_t at, std::size_t count) {
    if (at > words_.size() || count > words_.size() - at) return false;
    for (auto end = at + count; at < end; ++at) {
      auto& bits = reached_[at / 64];
      const auto bit = std::uint64_t{1} << at % 64;
      if (bits & bit) return false;
      bits |= bit;
    }
    return true;
  }

 private:
  struct Shape {  // of a struct, in words
    explicit Shape(std::uint64_t pointer) : data(pointer >> 32 & 0xffff), pointers(pointer >> 48) {}
    std::size_t data, pointers;
    std::size_t words() const { return data + pointers; }
  };
  static constexpr std::size_t kBits[] = {0, 1, 8, 16, 32, 64};
  enum ElementSize : std::uint8_t { kVoid = 0, kPointer = 6, kComposite = 7 };

  static std::vector<std::uint64_t>& reached() {
    thread_local std::vector<std::uint64_t> reached;  // kept: an allocation would cost as much as the walk
    return reached;
  }
  static unsigned kind(std::uint64_t pointer) { return pointer & 3; }
  std::uint64_t word(std::size_t at) const {
    std::uint64_t word;
    std::memcpy(&word, words_.begin() + at, sizeof word);
    return word;
  }
  // Elements of no size take no word, but a word's time to read.
  bool claim(std::size_t elements) {
    claimed_ += elements;
    return claimed_ <= words_.size();
  }
  bool follow_pointers(std::size_t at, Shape shape, unsigned depth) {
    for (std::size_t i = 0; i < shape.pointers; ++i)
      if (!follow(at + shape.data + i, depth - 1)) return false;
    return true;
  }
  bool follow_list(std::size_t at, std::uint64_t element, std::size_t count, unsigned depth) {
    if (element == kVoid) return claim(count);
    if (element < kPointer) return reach(at, (count * kBits[element] + 63) / 64);
    if (element == kComposite) return follow_structs(at, count, depth);
    if (!reach(at, count)) return false;
    for (std::size_t i = 0; i < count; ++i)
      if (!follow(at + i, depth - 1)) return false;
    return true;
  }
  // In front of them stands a word that has their shape, and how many they are.
  bool follow_structs(std::size_t at, std::size_t words, unsigned depth) {
    if (!reach(at, words + 1)) return false;
    const auto tag = word(at);
    const Shape shape(tag);
    const std::size_t count = static_cast<std::uint32_t>(tag) >> 2;
    if (kind(tag) != 0 || count * shape.words() > words || (shape.words() == 0 && !claim(count))) return false;
    for (std::size_t i = 0; shape.pointers > 0 && i < count; ++i)
      if (!follow_pointers(at + 1 + i * shape.words(), shape, depth)) return false;
    return true;
  }

  const Words words_;
  std::vector<std::uint64_t>& reached_;  // a bit a word
  std::size_t claimed_ = 0;
};

}  // namespace

bool is_tree(Words message) {
  std::uint32_t table[2];  // segment count - 1, words of the first; little-endian hosts only, as in EventBuffer
  if (message.size() < 2) return false;
  std::memcpy(table, message.begin(), sizeof table);
  if (table[0] != 0 || table[1] != message.size() - 1) return false;
  Walk walk(message.slice(1, message.size()));
  return walk.reach(0, 1) && walk.follow(0, 64);
}

}  // namespace rapport
