// A command, "AGGREGATE COMMAND JSON": read by its schema, or refused with a code; the same bytes for the same text.
#include "adapters/json/read_json.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rapport;
  auto input = fuzz::text_of_input(data, size);
  auto first = input.find(' '), second = input.find(' ', first == input.npos ? first : first + 1);
  if (second == input.npos) return 0;
  auto aggregate = input.substr(0, first), command = input.substr(first + 1, second - first - 1), text = input.substr(second + 1);
  auto read = read_command(aggregate, command, text);
  auto again = read_command(aggregate, command, text);
  RAPPORT_ASSERT(read.has_value() == again.has_value());
  if (!read) {
    RAPPORT_ASSERT(read.error().reason.starts_with("command.") && read.error().reason == again.error().reason);
    return 0;
  }
  RAPPORT_ASSERT(read->asBytes() == again->asBytes());
  return 0;
}
