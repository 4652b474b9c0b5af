// One stored event, be16 size of metadata in words before it: decoded and shown as JSON, or refused; the same twice.
#include <cstring>

#include "adapters/json/event_json.h"
#include "eventstore/stored_event.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using namespace rapport;

std::string shown(const StoredBytes& bytes) {
  EventDecoder decoder;
  auto event = decoder.decode(bytes);
  if (!event) return "refused: " + event.error().reason;
  std::string out;
  if (auto told = append_event(**event, nullptr, out); !told) return "refused: " + told.error().reason;
  std::string line;
  if (!append_dump_line(**event, nullptr, line)) return out;
  // What was dumped comes back as it was.
  auto back = read_dump_line(line);
  if (back) RAPPORT_ASSERT(back->position == (*event)->position && back->metadata.asBytes() == (*event)->metadata_bytes.asBytes());
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFixed = 2 + kHeadBytes + sizeof(Salt);
  if (size < kFixed) return 0;
  auto metadata_words = static_cast<std::size_t>(data[0] << 8 | data[1]);
  auto words = kj::heapArray<capnp::word>((size - kFixed) / sizeof(capnp::word));
  if (words.size() > 0) std::memcpy(static_cast<void*>(words.begin()), data + kFixed, words.asBytes().size());
  metadata_words = std::min(metadata_words, words.size());
  StoredBytes bytes{{data + 2, kHeadBytes}, {data + 2 + kHeadBytes, sizeof(Salt)}, words.slice(0, metadata_words), words.slice(metadata_words, words.size())};
  RAPPORT_ASSERT(shown(bytes) == shown(bytes));
  return 0;
}
