// The shapes about the log, made from events that a real store stored.
#include "adapters/json/event_json.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "adapters/json/field_plan.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "domain/schema/case.capnp.h"
#include "domain/schema/opportunity.capnp.h"
#include "eventstore/clock.h"
#include "eventstore/command_gateway.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/memory/memory_subject_keys.h"
#include "eventstore/stored_event.h"

namespace rapport {
namespace {

using Ordered = nlohmann::ordered_json;

// A store with two events of one command: an opportunity won, and a case resolved with a sealed
// text and reason.
class EventShapes : public testing::Test {
 protected:
  void SetUp() override {
    key_ = *keys_.key_for("account-4711");
    capnp::MallocMessageBuilder won;
    auto amount = won.initRoot<opportunity::wire::Event>().initWon().initAmount();
    amount.setAmountMinor(1'234'500);
    amount.setCurrency(Currency("USD").packed());
    add("opportunity", "1C1I7A6R", "opportunity.won", won, [&](auto metadata) {
      metadata.setOccurredPrecision(envelope::wire::Precision::DATE);
      metadata.setOccurredAt(parse_time("2017-03-01")->micros);
      metadata.setAsFact(true);
      auto source = metadata.initSource();
      source.setChannel("import");
      source.setFile("sales_pipeline.csv");
      source.setLine(7);
      source.setRowHash(kj::StringPtr("0123456789abcdef").asBytes());
      auto policies = metadata.initPolicies(1);
      policies[0].setId("sales");
      policies[0].setVersion(3);
      metadata.initTags(1).set(0, "team-a");
    });
    capnp::MallocMessageBuilder resolved;
    auto body = resolved.initRoot<case_::wire::Event>().initResolved();
    body.setResolutionCode("done");
    set_text(body.initText(seal_size("王芳 rang \"twice\"")), "王芳 rang \"twice\"");
    add("case", "INC0000045", "case.resolved", resolved, [&](auto metadata) {
      metadata.setOccurredPrecision(envelope::wire::Precision::INSTANT);
      metadata.setOccurredAt(parse_time("2017-03-01T10:20:30.5Z")->micros);
      metadata.setReasonCode("customer_agreed");
      set_text(metadata.initReasonText(seal_size("by phone")), "by phone");
      metadata.setSubjectKeyId(key_.id);
      metadata.setOnBehalfOf("u-2");
      EventId{id_.high(), id_.low(), 0}.write(metadata.initCausation());
    });
    Append append{.command = id_, .conditions = {}, .events = {}, .recorded_at = {}, .salts = {}};
    append.request.fill(0xAB);
    append.conditions = {{"opportunity-1C1I7A6R", {0}}, {"case-INC0000045", {0}}};
    for (auto& e : events_) append.events.push_back({e.stream, e.metadata, e.payload});
    auto outcomes = store_.append({&append, 1});
    ASSERT_TRUE(outcomes);
    ASSERT_TRUE(std::holds_alternative<Appended>((*outcomes)[0]));
    outcome_ = std::get<Appended>((*outcomes)[0]).outcome;
  }

  template <class Body>
  void add(const char* type, const char* id, const char* event, capnp::MessageBuilder& payload,
           Body&& body) {
    capnp::MallocMessageBuilder message;
    auto metadata = message.initRoot<envelope::wire::Metadata>();
    metadata.setStreamType(type);
    metadata.setStreamId(id);
    metadata.setType(event);
    metadata.setSchemaVersion(1);
    metadata.setActorId("u-1");
    metadata.setActorKind(envelope::wire::ActorKind::USER);
    metadata.setCorrelationHigh(id_.high());
    metadata.setCorrelationLow(id_.low());
    body(metadata);
    events_.push_back({stream_name(type, id), capnp::messageToFlatArray(message),
                       capnp::messageToFlatArray(payload)});
  }
  unsigned seal_size(std::string_view text) {
    return static_cast<unsigned>(seal(key_, text).size());
  }
  void set_text(capnp::Text::Builder to, std::string_view text) {
    auto sealed = seal(key_, text);
    std::memcpy(to.begin(), sealed.data(), sealed.size());
  }

  // The event at a position, in one form or the other.
  template <class Form>
  std::string text_at(std::uint64_t position, Form&& form) {
    ReadQuery query;
    query.from = {position};
    auto reader = store_.read(query);
    auto next = reader->next();
    EXPECT_TRUE(next && *next != nullptr);
    std::string out;
    auto done = form(**next, out);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return out;
  }
  std::string event_at(std::uint64_t position, const SealOpener* opener) {
    return text_at(position,
                   [&](auto& event, auto& out) { return append_event(event, opener, out); });
  }
  std::string dump_at(std::uint64_t position) {
    return text_at(position, [](auto& event, auto& out) { return append_dump_line(event, nullptr, out); });
  }

  struct Made {
    std::string stream;
    kj::Array<capnp::word> metadata, payload;
  };
  CommandId id_ = CommandId::of(0x0190b1c200007000, 0x8000000000000001);
  ManualClock clock_{*parse_time("2020-01-01T00:00:00Z")};
  MemoryEventStore store_{clock_};
  MemorySubjectKeys keys_;
  SubjectKeys::Key key_{};
  std::vector<Made> events_;
  StoredOutcome outcome_;
};

std::vector<std::string> names(const Ordered& object) {
  std::vector<std::string> all;
  for (auto& [name, value] : object.items()) all.push_back(name);
  return all;
}

TEST_F(EventShapes, AnEventHasTheContractsMembersInOrder) {
  auto event = Ordered::parse(event_at(1, nullptr));
  EXPECT_EQ(names(event),
            (std::vector<std::string>{"position", "id", "stream", "version", "type", "occurredAt",
                                      "occurredPrecision", "recordedAt", "actor", "reason",
                                      "correlationId", "causation", "asFact", "source", "tags", "leaf", "data"}));
  auto leaf = to_hex(outcome_.events[0].leaf);
  EXPECT_EQ(
      event.dump(),
      R"({"position":1,"id":"0190b1c2-0000-7000-8000-000000000001.0","stream":"opportunity-1C1I7A6R","version":1,)"
      R"("type":"opportunity.won","occurredAt":"2017-03-01T00:00:00Z","occurredPrecision":"date",)"
      R"("recordedAt":"2020-01-01T00:00:00Z","actor":{"id":"u-1","kind":"user"},"reason":null,)"
      R"("correlationId":"0190b1c2-0000-7000-8000-000000000001","causation":null,"asFact":true,"source":{"channel":"import","client":null,"file":"sales_pipeline.csv","line":7,"rowHash":"MDEyMzQ1Njc4OWFiY2RlZg=="},"tags":["team-a"],"leaf":")" +
          leaf + R"(","data":{"amount":{"amountMinor":1234500,"currency":"USD"},"orderId":null}})");
}

TEST_F(EventShapes, SealedTextsAreBase64WithoutKeysAndTextWithThem) {
  auto shut = Ordered::parse(event_at(2, nullptr));
  auto sealed = parse_base64(shut["data"]["text"]["sealed"].get<std::string>());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(unseal(key_, *sealed), "王芳 rang \"twice\"");
  EXPECT_TRUE(shut["reason"]["text"].contains("sealed"));
  EXPECT_EQ(event_at(2, nullptr).find("王芳"), std::string::npos);

  auto open = Ordered::parse(event_at(2, &keys_));
  EXPECT_EQ(open["data"]["text"], "王芳 rang \"twice\"");
  EXPECT_EQ(open["reason"].dump(), R"({"code":"customer_agreed","text":"by phone"})");
  EXPECT_EQ(open["causation"], "0190b1c2-0000-7000-8000-000000000001.0");

  ASSERT_TRUE(keys_.destroy(std::vector<Erasure>{{*keys_.current_key("account-4711"), {1}, {}}}));
  auto erased = Ordered::parse(event_at(2, &keys_));
  EXPECT_TRUE(erased["data"]["text"].is_null());
  EXPECT_EQ(erased["reason"].dump(), R"({"code":"customer_agreed","text":null})");
  EXPECT_EQ(erased["data"]["resolutionCode"], "done");
  EXPECT_EQ(erased["erased"].dump(), R"(["/reason/text","/data/text"])");
}

TEST_F(EventShapes, AnAlteredSealedTextIsCorruptAndNamesTheEvent) {
  RecordedEvent event;
  event.position = {9};
  event.stream_type = "case";
  event.subject_key = key_.id;
  auto metadata = kj::heapArray<capnp::word>(events_[1].metadata.asPtr());
  event.metadata_bytes = metadata;
  auto payload = kj::heapArray<capnp::word>(events_[1].payload.asPtr());
  auto bytes = payload.asBytes();
  bytes[bytes.size() - 20] ^= 1;  // inside the sealed text
  event.payload = payload;
  std::string out;
  auto done = append_event(event, &keys_, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(done.error().message.find("event 9"), std::string::npos);
}

// Whatever a byte of a payload becomes: an answer or kCorrupt, never a crash, and every answer is
// JSON.
TEST_F(EventShapes, ADamagedPayloadIsToldOrReadButNeverCrashes) {
  RecordedEvent event;
  event.stream_type = "opportunity";
  event.metadata_bytes = events_[0].metadata;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < events_[0].payload.asBytes().size(); ++at) {
    for (int flip : {1, 0x80, 0xFF}) {
      auto payload = kj::heapArray<capnp::word>(events_[0].payload.asPtr());
      payload.asBytes()[at] ^= static_cast<kj::byte>(flip);
      event.payload = payload;
      std::string out;
      auto done = append_event(event, nullptr, out);
      if (done)
        EXPECT_TRUE(nlohmann::json::accept(out)) << out;
      else
        EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
      refused += done ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0U);
}

// Bytes that claim to be a thousand times what they are: an order of four million lines of no size.
TEST_F(EventShapes, AnEventThatClaimsMoreThanItsBytesIsRefused) {
  std::ifstream file(RAPPORT_SOURCE_DIR "/tests/fuzz/corpus/event/order.placed-lines-of-no-size", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  constexpr std::size_t kPayload = 2 + kHeadBytes + sizeof(Salt) + 23 * sizeof(capnp::word);  // behind the metadata
  ASSERT_GT(bytes.size(), kPayload);
  auto payload = kj::heapArray<capnp::word>((bytes.size() - kPayload) / sizeof(capnp::word));
  std::memcpy(static_cast<void*>(payload.begin()), bytes.data() + kPayload, payload.asBytes().size());
  RecordedEvent event;
  event.stream_type = "order";
  event.metadata_bytes = events_[0].metadata;
  event.payload = payload;
  std::string out;
  auto done = append_event(event, nullptr, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().reason, "store.damaged_message");
  EXPECT_LT(out.size(), 10'000u) << "it was written before it was refused";
}

TEST_F(EventShapes, AnEventOfANewerProgramIsShownWithoutItsData) {
  RecordedEvent event;
  event.metadata_bytes = events_[0].metadata;
  event.stream_type = "opportunity";
  auto payload = kj::heapArray<capnp::word>(events_[0].payload.asPtr());
  payload.asBytes()[16] =
      0xEE;  // the union's discriminant: the first word after segment table and root pointer
  event.payload = payload;
  std::string out;
  ASSERT_TRUE(append_event(event, nullptr, out));
  EXPECT_EQ(nlohmann::json::parse(out)["data"].dump(), "{}");
  event.stream_type = "invention";
  out.clear();
  ASSERT_TRUE(append_event(event, nullptr, out));
  EXPECT_EQ(nlohmann::json::parse(out)["data"].dump(), "{}");
}

TEST_F(EventShapes, ADumpSaysEverythingThatIsStored) {
  auto line = Ordered::parse(dump_at(1));
  EXPECT_EQ(
      line["source"].dump(),
      R"({"channel":"import","client":null,"file":"sales_pipeline.csv","line":7,"rowHash":"MDEyMzQ1Njc4OWFiY2RlZg=="})");
  EXPECT_EQ(line["policies"].dump(), R"([{"id":"sales","version":3}])");
  EXPECT_EQ(line["tags"].dump(), R"(["team-a"])");
  EXPECT_EQ(line["schemaVersion"], 1);
  EXPECT_EQ(line["subjectKey"], "0");
  EXPECT_EQ(line["onBehalfOf"], nullptr);
  EXPECT_EQ(line["salt"].get<std::string>().size(), 32U);
  auto other = Ordered::parse(dump_at(2));
  EXPECT_EQ(other["onBehalfOf"], "u-2");
  EXPECT_EQ(other["subjectKey"], std::to_string(key_.id));
  EXPECT_EQ(other["policies"].dump(), "[]");
  EXPECT_TRUE(other["data"]["text"].contains("sealed"));
  // The event object comes first, as it is.
  auto event = event_at(1, nullptr);
  EXPECT_EQ(dump_at(1).substr(0, event.size() - 1), event.substr(0, event.size() - 1));
}

TEST_F(EventShapes, ADumpLoadedElsewhereHasTheSameRoot) {
  std::vector<DumpedEvent> dumped;
  for (std::uint64_t position : {1, 2}) {
    auto read = read_dump_line(dump_at(position));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->position.value, position);
    EXPECT_EQ(read->leaf, outcome_.events[position - 1].leaf);
    EXPECT_TRUE(read->metadata.asBytes() == events_[position - 1].metadata.asBytes());
    EXPECT_TRUE(read->payload.asBytes() == events_[position - 1].payload.asBytes());
    EXPECT_EQ(read->request[31], 0xAB);
    dumped.push_back(*std::move(read));
  }
  Append append{.command = dumped[0].command,
                .conditions = {},
                .events = {},
                .recorded_at = dumped[0].recorded_at,
                .salts = {}};
  append.request = dumped[0].request;
  for (auto& d : dumped) {
    append.conditions.push_back({d.stream, {d.version.value - 1}});
    append.events.push_back({d.stream, d.metadata, d.payload});
    append.salts.push_back(d.salt);
  }
  MemoryEventStore copy;
  auto outcomes = copy.append({&append, 1});
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  EXPECT_EQ(copy.head().root, store_.head().root);
  EXPECT_EQ(copy.head().recorded_at, store_.head().recorded_at);
}

TEST_F(EventShapes, AnEditedDumpLineIsRefusedWithItsMember) {
  const auto whole = Ordered::parse(dump_at(1));
  auto refused = [&](const char* member, Ordered value) {
    auto line = whole;
    line[member] = std::move(value);
    auto read = read_dump_line(line.dump());
    if (read) return std::string("taken");
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid);
    return read.error().reason + " " + read.error().field;
  };
  EXPECT_EQ(refused("position", "1"), "dump.member /position");
  EXPECT_EQ(refused("version", -1), "dump.member /version");
  EXPECT_EQ(refused("id", "x"), "dump.member /id");
  EXPECT_EQ(refused("recordedAt", "2011-02-30T00:00:00Z"), "dump.member /recordedAt");
  EXPECT_EQ(refused("salt", "00"), "dump.member /salt");
  EXPECT_EQ(refused("salt", std::string(32, 'g')), "dump.member /salt");
  EXPECT_EQ(refused("leaf", nullptr), "dump.member /leaf");
  EXPECT_EQ(refused("request", "ab"), "dump.member /request");
  EXPECT_EQ(refused("payloadBytes", "AAAA"), "dump.member /payloadBytes");
  EXPECT_EQ(refused("metadataBytes", "AAAAAAAAAAA="), "dump.member /metadataBytes");
  EXPECT_EQ(refused("stream", "opportunity-other"), "dump.member /metadataBytes");
  EXPECT_EQ(refused("type", "opportunity.lost"), "dump.member /metadataBytes");
  EXPECT_EQ(read_dump_line("[]").error().reason, "dump.malformed");
  EXPECT_EQ(read_dump_line("{").error().reason, "dump.malformed");
  EXPECT_EQ(read_dump_line(whole.dump().substr(0, 400)).error().reason, "dump.malformed");
}

TEST_F(EventShapes, AReceiptHasTheContractsShape) {
  Receipt receipt{
      .stream = "opportunity-1C1I7A6R", .version = {1}, .outcome = outcome_, .already = false};
  std::string out;
  append_receipt(receipt, {99}, out);
  EXPECT_EQ(out, R"({"stream":"opportunity-1C1I7A6R","version":1,"position":2,"positions":[1,2],)"
                 R"("events":["opportunity.won","case.resolved"],"leaves":[")" +
                     to_hex(outcome_.events[0].leaf) + R"(",")" + to_hex(outcome_.events[1].leaf) +
                     R"("],"already":false})");
  Receipt nothing{.stream = "case-1", .version = {4}, .outcome = {}, .already = true};
  out.clear();
  append_receipt(nothing, {99}, out);
  EXPECT_EQ(
      out,
      R"({"stream":"case-1","version":4,"position":99,"positions":[],"events":[],"leaves":[],"already":true})");
}

TEST(ErrorShape, SaysWhatItKnowsAndNothingElse) {
  Error bare{ErrorCode::kUnavailable, "store.locked", "process 7 holds the store"};
  std::string out;
  append_error(bare, std::nullopt, out);
  EXPECT_EQ(out, R"({"error":{"code":"store.locked","message":"process 7 holds the store"}})");
  EXPECT_EQ(error_line(bare), "process 7 holds the store [store.locked]");
  Error full{ErrorCode::kInvalid,
             "command.unknown_field",
             "Open has no field\nof this name",
             "/amout",
             "amount",
             "did you mean amount?"};
  out.clear();
  append_error(full, 12, out);
  EXPECT_EQ(
      out,
      R"({"error":{"code":"command.unknown_field","message":"Open has no field\nof this name","field":"/amout",)"
      R"("expected":"amount","row":12,"hint":"did you mean amount?"}})");
  EXPECT_EQ(error_line(full),
            "Open has no field of this name (at /amout); expected amount; did you mean amount? "
            "[command.unknown_field]");
}

}  // namespace
}  // namespace rapport
