// Random numbers that are the same everywhere: the distributions of the standard library differ between
// implementations.
#pragma once
#include <cstdint>
#include <span>

namespace rapport::demo {

// The finalizer of SplitMix64: every bit of the input reaches every bit of the output.
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}
inline constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
// One number from several; their order matters.
constexpr std::uint64_t mix_all(std::uint64_t first, auto... rest) {
  std::uint64_t all = mix(first + kGolden);
  ((all = mix(all + kGolden + static_cast<std::uint64_t>(rest))), ...);
  return all;
}

// SplitMix64. One thread.
class Random final {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mix(state_ += kGolden); }
  // 0 to n - 1.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32) * n >> 32); }
  // Both ends included.
  int between(int from, int to) {
    return from + static_cast<int>(below(static_cast<std::uint32_t>(to - from + 1)));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  template <class Range>
  const auto& pick(const Range& range) {
    return range[below(static_cast<std::uint32_t>(std::size(range)))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace rapport::demo
