// How a run is repeated: PROGRAM --seed N [--cut K], and made longer: --cuts N, --runs N. Without a seed one is drawn, and printed.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace rapport::sim {

struct Options {
  std::uint64_t seed = 0;
  std::size_t cuts = 1000;          // of power
  std::size_t runs = 0;             // of everything else; 0: what the test finds enough
  std::optional<std::size_t> cut;   // only this one
};
const Options& options();
// In memory where there is such a place: syncs cost nothing there, and a disk is what we play ourselves.
std::filesystem::path scratch();

}  // namespace rapport::sim
