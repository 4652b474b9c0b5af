// Makes the first inputs of each corpus from what tests hold anyway: golden events, sample frames, a signed checkpoint, true proofs, the
// presets.   fuzz_corpus FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "adapters/import/presets.h"
#include "eventstore/frame.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/proof/merkle_tree.h"
#include "eventstore/proof/signed_note.h"
#include "tests/eventstore_samples/sample_events.h"

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& folder, const std::string& name, std::string_view bytes) {
  fs::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
std::string_view text_of(kj::ArrayPtr<const kj::byte> bytes) { return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()}; }
std::string_view text_of(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }
std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_frames(const fs::path& folder) {
  ManualClock clock(kNow);
  MemoryEventStore store(clock);
  for (std::uint64_t c = 1; c <= 4; ++c) append_one(store, Sample(c).on("case-" + std::to_string(c % 2), store.version_of("case-" + std::to_string(c % 2))->value, c));
  FrameBuilder builder;
  std::size_t frames = 0;
  for (auto reader = store.read({});;) {
    auto event = *reader->next();
    if (!event) break;
    builder.add(*event);
    if (builder.size() == frames + 1) put(folder / "frame", std::to_string(frames++), text_of(builder.finish(Hash{}).asBytes()));
  }
}

// An order whose lines are four million of no size: its list claims no words, the list's tag that many elements.
std::string with_lines_of_no_size(std::string placed) {
  constexpr std::string_view kList("\x15\0\0\0\x57\0\0\0", 8), kTag("\x08\0\0\0\3\0\2\0", 8);  // two lines
  placed.replace(placed.find(kList), kList.size(), std::string("\x15\0\0\0\7\0\0\0", 8));
  return placed.replace(placed.find(kTag), kTag.size(), std::string("\0\x24\xf4\0\0\0\0\0", 8));
}

// Each golden event as if it were stored.
void put_events(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(RAPPORT_SOURCE_DIR "/tests/golden/events")) {
    auto name = entry.path().stem().stem().string();  // aggregate.event
    if (entry.path().extension() != ".bin") continue;
    auto metadata = sample_metadata(name.substr(0, name.find('.')) + "-1", name.substr(name.find('.') + 1));
    std::string bytes;
    bytes += static_cast<char>(metadata.size() >> 8);
    bytes += static_cast<char>(metadata.size());
    auto head = encode(EventHead{{7}, {2}, kNow, command_id(7), 0, {}});
    bytes += text_of(head.data(), head.size());
    bytes += std::string(sizeof(Salt), 's');
    bytes += text_of(metadata.asBytes());
    bytes += read(entry.path());
    put(folder / "event", name, bytes);
    if (name == "order.placed") put(folder / "event", name + "-lines-of-no-size", with_lines_of_no_size(bytes));
  }
}

void put_notes(const fs::path& folder) {
  auto signer = *NoteSigner::parse("PRIVATE+KEY+rapport/fuzz+a888e50b+ARshmNe9nbUXVk1GM3opdYrb0jg6PxA8g7ZZ70pMBMNO");
  auto text = Checkpoint{"rapport/fuzz", 3, {}}.to_text();
  put(folder / "note", "checkpoint", text + '\n' + signer.sign(text));
  put(folder / "note", "text", text);
  put(folder / "note", "signer", signer.to_text());
  put(folder / "note", "verifier", signer.verifier().to_text());
}

struct Leaves final : SubtreeHashes {
  Result<Hash> subtree(unsigned height, std::uint64_t index) const override {
    auto byte = static_cast<std::uint8_t>(index);
    if (height == 0) return leaf_hash({&byte, 1});
    return node_hash(*subtree(height - 1, 2 * index), *subtree(height - 1, 2 * index + 1));
  }
};

void put_proofs(const fs::path& folder) {
  for (unsigned n : {2u, 5u, 8u, 13u, 20u})
    for (unsigned index : {1u, 4u, 12u}) {
      if (index > n) continue;
      for (int kind : {0, 1}) {
        auto proof = kind == 0 ? inclusion_proof(Leaves(), index, n + 1u) : consistency_proof(Leaves(), index, n + 1u);
        std::string bytes{static_cast<char>(n), static_cast<char>(index), static_cast<char>(kind)};
        for (const auto& hash : *proof) bytes += text_of(hash.data(), hash.size());
        put(folder / "proof", std::to_string(n) + '-' + std::to_string(index) + '-' + std::to_string(kind), bytes);
      }
    }
  put(folder / "proof", "tile", "tile/1/x001/x234/067.p/8");
}

void put_mappings(const fs::path& folder) {
  std::string csv("\0id,name\n1,\"a \"\"b\"\"\"\r\n2,x\r\n", 29);
  for (const auto& preset : import::presets()) put(folder / "mapping", std::string(preset.name), std::string(preset.text) + csv);
  put(folder / "mapping", "deals", read(RAPPORT_SOURCE_DIR "/tests/tour/deals.json") + '\0' + read(RAPPORT_SOURCE_DIR "/tests/tour/deals.csv"));
}

void put_commands(const fs::path& folder) {
  const char* kCommands[] = {
      R"(case open {"subject":"no light","priority":2,"type":"question","channel":"email","openedAt":"2024-02-29T12:00:00Z"})",
      R"(case reply {"direction":"inbound","public":true,"text":"\u00e9\ud83d\ude00"})",
      R"(case correct {"target":"0190b1c2-0000-7000-8000-000000000001.2","new":{"category":"x"},"approverId":"u"})",
      R"(opportunity open {"accountId":"a","pipelineId":"p","stageId":"s","amount":{"amountMinor":12345,"currency":"USD"},"closeDate":"2025-01-31"})",
      R"(order place {"kind":"sale","currency":"EUR","lines":[{"productId":"p","qtyMilli":1000,"unitPrice":{"amountMinor":1,"currency":"EUR"}}]})",
      R"(account create {"name":"Globex","parentId":null})", R"(loyaltyMember enroll {"programId":"p"})", R"(case start {})", "case close "};
  int number = 0;
  for (const auto* command : kCommands) put(folder / "command", std::to_string(number++), command);
}

}  // namespace
}  // namespace rapport::test

int main(int argc, char** argv) {
  using namespace rapport::test;
  if (argc != 2) return std::fprintf(stderr, "fuzz_corpus FOLDER\n"), 2;
  std::filesystem::path folder = argv[1];
  put_frames(folder);
  put_events(folder);
  put_notes(folder);
  put_proofs(folder);
  put_mappings(folder);
  put_commands(folder);
}
