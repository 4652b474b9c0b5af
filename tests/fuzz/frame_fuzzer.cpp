// A frame of the log or of the bus: taken as whole and dense, or refused.
#include "eventstore/frame.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rapport;
  for (auto check : {Frame::Check::kStructure, Frame::Check::kDigests}) {
    Frame frame;
    if (!frame.read({data, size}, check)) {
      RAPPORT_ASSERT(frame.size() == 0);
      continue;
    }
    std::size_t of_commands = 0;
    for (const auto& command : frame.commands()) of_commands += command.events;
    RAPPORT_ASSERT(frame.commands().empty() || of_commands == frame.size());
    for (std::size_t i = 0; i < frame.size(); ++i) {
      auto head = frame.head(i);
      auto event = frame.event(i);
      if (!event || !head) continue;
      RAPPORT_ASSERT((*event)->position.value == frame.first().value + i);
      RAPPORT_ASSERT(check == Frame::Check::kStructure || digest_holds(**event));
    }
  }
  return 0;
}
