// Every command and every event, with random values, goes to JSON and back without a difference.
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/json/field_plan.h"
#include "adapters/json/read_json.h"
#include "adapters/json/write_json.h"
#include "tests/json/random_message.h"

namespace rapport {
namespace {

constexpr std::uint64_t kRounds = 60;

template <class Body>
void for_each_member(bool commands, Body&& body) {
  for (auto& aggregate : aggregate_plans()) {
    auto& all = commands ? aggregate.commands : aggregate.events;
    for (auto field : all.schema.getUnionFields()) {
      if (field.getProto().getDiscriminantValue() == 0) continue;
      std::string name = field.getProto().getName().cStr();
      for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
        SCOPED_TRACE(aggregate.name + "." + name + ", seed " + std::to_string(seed));
        body(aggregate, all, field, name, seed);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(RoundTrip, EveryCommandComesBackAsItWas) {
  std::size_t compared = 0;
  for_each_member(true, [&](auto& aggregate, auto& all, auto field, const std::string& name,
                            std::uint64_t seed) {
    capnp::MallocMessageBuilder message;
    auto original = test::random_member(message, all.schema, field, seed);
    std::string text;
    ASSERT_TRUE(append_member(all, original, kPlainTexts, text));
    auto back = read_command(aggregate.name, name, text);
    ASSERT_TRUE(back) << back.error().reason << " at " << back.error().field << "\n" << text;
    capnp::FlatArrayMessageReader reader(*back);
    auto again = reader.getRoot<capnp::DynamicStruct>(all.schema);
    EXPECT_TRUE(capnp::AnyStruct::Reader(original) == capnp::AnyStruct::Reader(again)) << text;
    ++compared;
  });
  EXPECT_GE(compared, 40 * kRounds);
}

TEST(RoundTrip, EveryEventComesBackAsItWas) {
  std::size_t compared = 0;
  for_each_member(false, [&](auto&, auto& all, auto field, const std::string& name,
                             std::uint64_t seed) {
    capnp::MallocMessageBuilder message;
    auto original = test::random_member(message, all.schema, field, seed);
    std::string text;
    ASSERT_TRUE(append_member(all, original, kPlainTexts, text));
    auto parsed = parse_json(text);
    ASSERT_TRUE(parsed) << text;
    capnp::MallocMessageBuilder copy;
    auto root = copy.initRoot<capnp::DynamicStruct>(all.schema);
    auto read = read_struct(*parsed, root.init(field).template as<capnp::DynamicStruct>());
    ASSERT_TRUE(read) << name << ": " << read.error().reason << " at " << read.error().field << "\n"
                      << text;
    EXPECT_TRUE(capnp::AnyStruct::Reader(original) == capnp::AnyStruct::Reader(root.asReader()))
        << text;
    ++compared;
  });
  EXPECT_GE(compared, 50 * kRounds);
}

// The request's digest is over the command's bytes: two ways to write one command must not look
// like two commands.
TEST(RoundTrip, OrderAndSpacingOfTheTextLeaveTheCommandsBytesAlone) {
  auto one = read_command(
      "opportunity", "open",
      R"({"pipelineId":"p","stageId":"s","name":"Größe","amount":{"amountMinor":5,"currency":"EUR"}})");
  auto other = read_command("opportunity", "open", R"(
    { "amount" : { "currency" : "EUR", "amountMinor" : 5 }, "leadId": null, "name" : "Gr\u00f6\u00dfe",
      "stageId":"s", "pipelineId":"p" })");
  ASSERT_TRUE(one);
  ASSERT_TRUE(other);
  EXPECT_TRUE(one->asBytes() == other->asBytes());
}

TEST(RoundTrip, ACommandOfManyLinesIsStillOneSegment) {
  nlohmann::json lines = nlohmann::json::array();
  for (int i = 0; i < 5000; ++i)
    lines.push_back({{"productId", "product-" + std::to_string(i)},
                     {"qtyMilli", i},
                     {"unitPrice", {{"amount", 1}, {"scale", 2}, {"currency", "GBP"}}},
                     {"discountBp", 0}});
  auto command = build_command(
      "order", "place", nlohmann::json{{"kind", "sale"}, {"currency", "GBP"}, {"lines", lines}});
  ASSERT_TRUE(command);
  auto segments_minus_one = *reinterpret_cast<const std::uint32_t*>(command->begin());
  EXPECT_EQ(segments_minus_one, 0U);
  std::string text;
  ASSERT_TRUE(append_member(find_aggregate("order")->commands, *command, kPlainTexts, text));
  EXPECT_EQ(nlohmann::json::parse(text)["lines"], lines);
}

TEST(RoundTrip, EdgeTextsComeBackByteForByte) {
  for (auto& wanted : test::edge_texts()) {
    auto command = build_command("case", "resolve",
                                 nlohmann::json{{"resolutionCode", "done"}, {"text", wanted}});
    ASSERT_TRUE(command) << wanted;
    std::string text;
    ASSERT_TRUE(append_member(find_aggregate("case")->commands, *command, kPlainTexts, text));
    EXPECT_EQ(nlohmann::json::parse(text)["text"].get<std::string>(), wanted);
    bool needs_escape = nlohmann::json(wanted).dump().size() != wanted.size() + 2;
    EXPECT_NE(text.find(wanted) != text.npos, needs_escape)
        << text;  // what needs no escape is not touched
  }
}

}  // namespace
}  // namespace rapport
