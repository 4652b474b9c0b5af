// How fast a small event becomes JSON and a command is read from it. Items per second are events or
// commands, on one core.
#include <benchmark/benchmark.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <nlohmann/json.hpp>

#include "adapters/json/event_json.h"
#include "adapters/json/field_plan.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "domain/schema/opportunity.capnp.h"
#include "eventstore/schema/envelope.capnp.h"

namespace rapport {
namespace {

constexpr const char* kCommand =
    R"({"accountId":"A-4711","name":"Größe 王芳","pipelineId":"sales","stageId":"engaging","ownerId":"u-17",)"
    R"("amount":{"amountMinor":123450,"currency":"USD"},"closeDate":"2017-06-30"})";

// The payload of about 150 bytes that a stage change is.
kj::Array<capnp::word> stage_changed() {
  capnp::MallocMessageBuilder message;
  auto event = message.initRoot<opportunity::wire::Event>().initStageChanged();
  event.setFrom("prospecting");
  event.setTo("engaging");
  event.setProbabilityBp(2500);
  event.setForecastCategory(rapport::wire::ForecastCategory::PIPELINE);
  return capnp::messageToFlatArray(message);
}

kj::Array<capnp::word> metadata() {
  capnp::MallocMessageBuilder message;
  auto metadata = message.initRoot<envelope::wire::Metadata>();
  metadata.setStreamType("opportunity");
  metadata.setStreamId("1C1I7A6R");
  metadata.setType("opportunity.stageChanged");
  metadata.setActorId("u-17");
  metadata.setActorKind(envelope::wire::ActorKind::USER);
  return capnp::messageToFlatArray(message);
}

void write_payload(benchmark::State& state) {
  auto words = stage_changed();
  auto& plan = find_aggregate("opportunity")->events;
  std::string out;
  for (auto unused : state) {
    out.clear();
    RAPPORT_ASSERT(append_member(plan, words, nullptr, out));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(write_payload);

void write_event(benchmark::State& state) {
  auto payload = stage_changed();
  auto words = metadata();
  capnp::FlatArrayMessageReader reader(words);
  RecordedEvent event;
  event.position = {123'456};
  event.version = {3};
  event.stream_type = "opportunity";
  event.stream_id = "1C1I7A6R";
  event.type = "opportunity.stageChanged";
  event.occurred_at = *parse_time("2017-06-30T10:20:30Z");
  event.recorded_at = *parse_time("2020-01-01T00:00:00.123456Z");
  event.metadata = reader.getRoot<envelope::wire::Metadata>();
  event.metadata_bytes = words;
  event.payload = payload;
  std::string out;
  for (auto unused : state) {
    out.clear();
    RAPPORT_ASSERT(append_event(event, nullptr, out));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(write_event);

void read_text_of_command(benchmark::State& state) {
  for (auto unused : state) {
    auto command = read_command("opportunity", "open", kCommand);
    RAPPORT_ASSERT(command);
    benchmark::DoNotOptimize(command->begin());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_text_of_command);

// As the importer does: the document is there already.
void build_from_document(benchmark::State& state) {
  auto document = nlohmann::json::parse(kCommand);
  for (auto unused : state) {
    auto command = build_command("opportunity", "open", document);
    RAPPORT_ASSERT(command);
    benchmark::DoNotOptimize(command->begin());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(build_from_document);

// The floor: nlohmann alone, parsing the same text.
void floor_parse(benchmark::State& state) {
  for (auto unused : state) benchmark::DoNotOptimize(nlohmann::json::parse(kCommand));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(floor_parse);

}  // namespace
}  // namespace rapport
