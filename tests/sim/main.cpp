// gtest's main with a seed that can be given, and is always told.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string_view>

#include "tests/eventstore_samples/temporary_directory.h"
#include "tests/sim/options.h"

namespace rapport::sim {
namespace {

Options given;

}  // namespace

const Options& options() { return given; }

std::filesystem::path scratch() {
  static const test::TemporaryDirectory folder;
  return folder.path();
}

}  // namespace rapport::sim

int main(int argc, char** argv) {
  using rapport::sim::given;
  testing::InitGoogleTest(&argc, argv);
  given.seed = std::random_device()();
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view option = argv[i];
    auto value = std::strtoull(argv[i + 1], nullptr, 10);
    if (option == "--seed") given.seed = value;
    else if (option == "--cuts") given.cuts = value;
    else if (option == "--runs") given.runs = value;
    else if (option == "--cut") given.cut = value;
    else return std::fprintf(stderr, "unknown option %s\n", argv[i]), 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(given.seed));
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  return RUN_ALL_TESTS();
}
