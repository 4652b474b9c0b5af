// RocksDB compacts in threads of its own, whenever they get to it: what they write, and when, is the one part of a run that a seed does
// not decide. While one of these lives nothing is compacted.
#pragma once

namespace rapport::sim {

// One at a time in a process.
class NoCompactions final {
 public:
  NoCompactions();
  ~NoCompactions();
  NoCompactions(const NoCompactions&) = delete;
  NoCompactions& operator=(const NoCompactions&) = delete;
};

}  // namespace rapport::sim
