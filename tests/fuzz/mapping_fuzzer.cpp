// A mapping and, behind a byte 0, a CSV file for it: compiled or refused with its faults, records read or the file refused.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "adapters/import/mapping/compile.h"
#include "adapters/import/source/csv_reader.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using namespace rapport;
using namespace rapport::import;

constexpr std::size_t kRecordsMax = 10'000;

// One file for all inputs; in memory where there is such a place.
struct Scratch {
  std::string path = std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/rapport-fuzz-XXXXXX";
  int file = ::mkstemp(path.data());
  ~Scratch() { ::unlink(path.c_str()); }
};

void read_csv(std::string_view text) {
  static Scratch scratch;
  RAPPORT_ASSERT(::ftruncate(scratch.file, 0) == 0 && ::pwrite(scratch.file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  auto reader = RecordReader::open(scratch.path, {});
  if (!reader) return;
  std::vector<std::optional<std::size_t>> all;
  for (std::size_t i = 0; i < (*reader)->header().size(); ++i) all.emplace_back(i);
  (*reader)->select(all);
  Record record;
  std::uint64_t line = 0;
  for (std::size_t n = 0; n < kRecordsMax; ++n) {
    auto there = (*reader)->next(record);
    if (!there || !*there) return;
    RAPPORT_ASSERT(record.line >= line && (!record.fault_code.empty() || record.values.size() == all.size()));
    line = record.line;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of_input(data, size);
  auto zero = input.find('\0');
  auto mapping = input.substr(0, zero);
  if (auto plan = compile_mapping(mapping, "fuzz.json"); !plan) RAPPORT_ASSERT(plan.error().reason.starts_with("mapping."));
  if (zero != input.npos) read_csv(input.substr(zero + 1));
  return 0;
}
