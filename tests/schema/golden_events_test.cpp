// One stored message of every event type, as bytes and as JSON: what was ever written is decoded
// for ever.
//
// A new event: run the test once with UPDATE_GOLDEN=1 and commit the two files. A field that an
// event gets later is not in its old file, and must then read as "absent" (null, 0, false, an empty
// list or text).
#include <capnp/dynamic.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "adapters/json/field_plan.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "tests/schema/golden_files.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;
using Which = capnp::schema::Type;

bool marked(capnp::StructSchema::Field field, std::uint64_t annotation) {
  for (auto a : field.getProto().getAnnotations())
    if (a.getId() == 0xb1f0c0de0000a000 + annotation) return true;
  return false;
}

// A value for every field, told apart by the field's place; nothing is absent.
void fill(capnp::DynamicStruct::Builder to);

void fill_field(capnp::DynamicStruct::Builder to, capnp::StructSchema::Field field,
                std::int64_t number) {
  switch (field.getType().which()) {
    case Which::BOOL:
      return to.set(field, true);
    case Which::TEXT:
      return to.set(field, ("字" + std::to_string(number)).c_str());
    case Which::DATA:
      return to.set(field, capnp::Data::Reader(kj::StringPtr("0123456789abcdef").asBytes()));
    case Which::ENUM:
      return to.set(field, capnp::DynamicEnum(field.getType().asEnum().getEnumerants()[1]));
    case Which::STRUCT:
      return fill(to.init(field).as<capnp::DynamicStruct>());
    case Which::LIST: {
      auto list = to.init(field, 2).as<capnp::DynamicList>();
      for (unsigned i = 0; i < 2; ++i) {
        if (list.getSchema().whichElementType() == Which::TEXT)
          list.set(i, ("字" + std::to_string(number) + "." + std::to_string(i)).c_str());
        else
          fill(list[i].as<capnp::DynamicStruct>());
      }
      return;
    }
    case Which::INT32:
      return to.set(field, marked(field, 3) ? parse_date("2017-06-30")->days : number);
    case Which::INT64:
      return to.set(field,
                    marked(field, 2) ? parse_time("2017-06-30T01:02:03.000004Z")->micros : -number);
    case Which::UINT32:
      return to.set(field, marked(field, 7) ? std::int64_t{Currency("GBP").packed()} : number);
    default:
      return to.set(field, number);
  }
}

void fill(capnp::DynamicStruct::Builder to) {
  std::int64_t number = 10;
  for (auto field : to.getSchema().getFields()) {
    ++number;
    if (!field.getProto().isGroup()) {
      fill_field(to, field, number);
      continue;
    }
    auto group = to.init(field).as<capnp::DynamicStruct>();
    fill_field(group, group.getSchema().getFieldByName("value"), number);
  }
}

std::string sample_message(const UnionPlan& all, const std::string& name) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<capnp::DynamicStruct>(all.schema);
  fill(root.init(name.c_str()).as<capnp::DynamicStruct>());
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  return {bytes.begin(), bytes.end()};
}

kj::Array<capnp::word> words_of(const std::string& bytes) {
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(static_cast<void*>(words.begin()), bytes.data(), words.asBytes().size());
  return words;
}

// The event's name and fields; nothing if the bytes are damaged.
std::optional<Json> decode(const UnionPlan& all, const std::string& bytes) {
  auto words = words_of(bytes);
  std::string data;
  if (!append_member(all, words, kPlainTexts, data)) return std::nullopt;
  capnp::FlatArrayMessageReader reader(words);
  auto root = reader.getRoot<capnp::DynamicStruct>(all.schema);
  KJ_IF_MAYBE (member, root.which()) {
    return Json{{"event", member->getProto().getName().cStr()}, {"data", Json::parse(data)}};
  }
  return Json{{"event", nullptr}, {"data", Json::parse(data)}};
}

bool says_nothing(const Json& value) {
  return value.is_null() || value == 0 || value == false || value == "" || value == Json::array();
}

// Whether `now` has all that `then` had; what it has more came later and says nothing.
bool still_says(const Json& then, const Json& now) {
  if (then.is_object() && now.is_object()) {
    for (auto& [name, value] : then.items())
      if (!now.contains(name) || !still_says(value, now[name])) return false;
    for (auto& [name, value] : now.items())
      if (!then.contains(name) && !says_nothing(value)) return false;
    return true;
  }
  if (then.is_array() && now.is_array()) {
    if (then.size() != now.size()) return false;
    for (std::size_t i = 0; i < then.size(); ++i)
      if (!still_says(then[i], now[i])) return false;
    return true;
  }
  return then == now;
}

TEST(GoldenEvents, EveryEventTypeHasOne) {
  for (auto& aggregate : aggregate_plans()) {
    for (auto& event : aggregate.events.members) {
      auto path = test::golden_folder("events") / (event.type + ".v1");
      auto bytes_path = path.string() + ".bin", json_path = path.string() + ".json";
      if (test::update_golden()) {
        auto bytes = sample_message(aggregate.events, event.name);
        test::write_missing(bytes_path, bytes);
        test::write_missing(json_path, decode(aggregate.events, bytes)->dump(1) + "\n");
      }
      EXPECT_TRUE(std::filesystem::exists(bytes_path))
          << bytes_path << ": run with UPDATE_GOLDEN=1 and commit it";
      EXPECT_TRUE(std::filesystem::exists(json_path)) << json_path;
    }
  }
}

// Each file of the folder, also of a type that no schema has any more.
TEST(GoldenEvents, AreReadAsTheyWereWritten) {
  std::size_t read = 0;
  for (auto& entry : std::filesystem::directory_iterator(test::golden_folder("events"))) {
    if (entry.path().extension() != ".bin") continue;
    SCOPED_TRACE(entry.path().filename());
    auto name = entry.path().filename().string();
    auto* aggregate = find_aggregate(name.substr(0, name.find('.')));
    ASSERT_NE(aggregate, nullptr);
    auto now = decode(aggregate->events, test::read_file(entry.path()));
    ASSERT_TRUE(now);
    auto json_path = entry.path();
    auto then = Json::parse(test::read_file(json_path.replace_extension(".json")));
    EXPECT_TRUE(still_says(then, *now)) << "then " << then << "\nnow " << *now;
    EXPECT_TRUE(name.starts_with(aggregate->name + "." + then["event"].get<std::string>() + "."));
    ++read;
  }
  EXPECT_GE(read, 50U);
}

// The check can fail: it sees a changed type in every file, and a changed byte of a value.
TEST(GoldenEvents, AChangedByteIsSeen) {
  for (auto& entry : std::filesystem::directory_iterator(test::golden_folder("events"))) {
    if (entry.path().extension() != ".bin") continue;
    SCOPED_TRACE(entry.path().filename());
    auto name = entry.path().filename().string();
    auto& all = find_aggregate(name.substr(0, name.find('.')))->events;
    auto bytes = test::read_file(entry.path());
    auto json_path = entry.path();
    auto then = Json::parse(test::read_file(json_path.replace_extension(".json")));
    auto flipped = bytes;
    flipped[16] = static_cast<char>(flipped[16] ^
                                    1);  // the discriminant: after segment table and root pointer
    auto now = decode(all, flipped);
    EXPECT_FALSE(now && still_says(then, *now));
  }
  auto& all = find_aggregate("opportunity")->events;
  auto bytes = sample_message(all, "won");
  auto then = *decode(all, bytes);
  std::size_t seen = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    auto now = decode(all, flipped);
    seen += !now || !still_says(then, *now);
  }
  EXPECT_GT(seen, bytes.size() / 2);  // the rest is padding and bits that no reader looks at
}

TEST(GoldenEvents, ALaterFieldMustReadAsAbsent) {
  auto then = Json::parse(R"({"a":1,"l":[{"x":1}]})");
  EXPECT_TRUE(still_says(then, Json::parse(R"({"a":1,"l":[{"x":1,"y":null}],"n":null,"m":0})")));
  EXPECT_FALSE(still_says(then, Json::parse(R"({"a":1,"l":[{"x":1}],"n":7})")));
  EXPECT_FALSE(still_says(then, Json::parse(R"({"a":1,"l":[{"x":2}]})")));
  EXPECT_FALSE(still_says(then, Json::parse(R"({"l":[{"x":1}]})")));
  EXPECT_FALSE(still_says(then, Json::parse(R"({"a":1,"l":[]})")));
}

}  // namespace
}  // namespace rapport
