// Without libFuzzer: the kept corpus, and inputs made from it by a seed: bytes changed, pieces cut out, doubled, exchanged with
// another's, cut off.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzzer.h"

namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

std::string altered(std::string input, const std::vector<std::string>& corpus, Random& random) {
  for (auto times = 1 + below(random, 4); times > 0 && !input.empty(); --times) {
    auto at = below(random, input.size()), size = below(random, std::min<std::size_t>(input.size() - at, 64)) + 1;
    const auto& other = corpus[below(random, corpus.size())];
    switch (below(random, 7)) {
      case 0: input[at] = static_cast<char>(input[at] ^ 1 << below(random, 8)); break;
      case 1: input[at] = static_cast<char>(random()); break;
      case 2: input.erase(at, size); break;
      case 3: input.insert(at, input.substr(at, size)); break;
      case 4: input.insert(at, other.substr(below(random, other.size()), size)); break;
      case 5: input.resize(at); break;
      default: input[at] = "\0\xff\x7f\x80\"{}[],:-\n"[below(random, 14)]; break;
    }
  }
  return input;
}

void run(const std::string& input) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "%s CORPUS [--runs N] [--seed N]\n", argv[0]), 2;
  std::uint64_t runs = 0, seed = std::random_device()();
  for (int i = 2; i + 1 < argc; i += 2) (std::string_view(argv[i]) == "--runs" ? runs : seed) = std::strtoull(argv[i + 1], nullptr, 10);
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  auto corpus = read_corpus(argv[1]);
  if (corpus.empty()) return std::fprintf(stderr, "there is no corpus in %s\n", argv[1]), 1;
  for (const auto& input : corpus) run(input);
  Random random(seed);
  for (std::uint64_t i = 0; i < runs; ++i) run(altered(corpus[below(random, corpus.size())], corpus, random));
  std::printf("%zu inputs kept, %llu made from them\n", corpus.size(), static_cast<unsigned long long>(runs));
}
