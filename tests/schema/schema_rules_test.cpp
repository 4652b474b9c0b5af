// What all schemas have in common, by reflection: rules that no compiler knows.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "adapters/json/field_plan.h"

namespace rapport {
namespace {

// Calls with each field at any depth and its path: "new.name", "lines.productId".
void walk(const StructPlan& plan, const std::string& path,
          const std::function<void(const std::string&, const FieldPlan&)>& visit) {
  for (auto& field : plan.fields) {
    auto at = path.empty() ? field.name : path + '.' + field.name;
    visit(at, field);
    if (field.value.kind == FieldKind::kStruct) walk(*field.value.type, at, visit);
    if (field.element.kind == FieldKind::kStruct) walk(*field.element.type, at, visit);
  }
}
void walk_all(const UnionPlan& all,
              const std::function<void(const std::string&, const FieldPlan&)>& visit) {
  for (auto& member : all.members) walk(*member.plan, member.name, visit);
}
std::string last(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::map<std::string, std::uint32_t> text_limits(const StructPlan& plan) {
  std::map<std::string, std::uint32_t> limits;
  walk(plan, "", [&](auto& path, auto& field) {
    if (field.value.kind == FieldKind::kText) limits[path] = field.max_length;
  });
  return limits;
}

// An event is paired with the command that has the most fields in common with it: resolved with
// resolve, not with open.
TEST(SchemaRules, AnEventHasRoomForWhatItsCommandBrings) {
  std::size_t compared = 0;
  for (auto& aggregate : aggregate_plans()) {
    for (auto& event : aggregate.events.members) {
      auto room = text_limits(*event.plan);
      std::map<std::string, std::uint32_t> brought;
      std::size_t common = 0;
      for (auto& command : aggregate.commands.members) {
        auto limits = text_limits(*command.plan);
        auto shared = static_cast<std::size_t>(std::count_if(
            limits.begin(), limits.end(), [&](auto& l) { return room.contains(l.first); }));
        if (shared > common) brought = limits;
        common = std::max(common, shared);
      }
      for (auto& [path, limit] : brought) {
        if (!room.contains(path)) continue;
        EXPECT_GE(room[path], limit) << event.type << " " << path;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 80U);
}

// A text that is personal on its way in must be so when it is stored, and nothing else is sealed.
TEST(SchemaRules, WhatIsPersonalInACommandIsPersonalInItsEvents) {
  std::size_t personal_fields = 0;
  for (auto& aggregate : aggregate_plans()) {
    std::set<std::string> personal, open;
    walk_all(aggregate.commands, [&](auto& path, auto& field) {
      if (field.value.kind == FieldKind::kText)
        (field.personal ? personal : open).insert(last(path));
    });
    for (auto& name : personal) EXPECT_FALSE(open.contains(name)) << aggregate.name << " " << name;
    std::set<std::string> stored;
    walk_all(aggregate.events, [&](auto& path, auto& field) {
      if (field.value.kind != FieldKind::kText) return;
      EXPECT_EQ(field.personal, personal.contains(field.name)) << aggregate.name << " " << path;
      if (field.personal) stored.insert(field.name);
    });
    EXPECT_EQ(stored, personal) << aggregate.name;
    personal_fields += personal.size();
  }
  EXPECT_GE(personal_fields, 5U);
}

// An erased text reads as absent, so it must be allowed to be.
TEST(SchemaRules, PersonalTextsAreOptionalTexts) {
  for (auto& aggregate : aggregate_plans())
    for (auto* all : {&aggregate.commands, &aggregate.events})
      walk_all(*all, [&](auto& path, auto& field) {
        if (!field.personal) return;
        EXPECT_EQ(field.value.kind, FieldKind::kText) << path;
        EXPECT_EQ(field.presence, Presence::kOptional) << path;
      });
}

TEST(SchemaRules, EveryTextHasALimit) {
  for (auto& aggregate : aggregate_plans())
    for (auto* all : {&aggregate.commands, &aggregate.events})
      walk_all(*all, [&](auto& path, auto& field) {
        EXPECT_TRUE(field.value.kind != FieldKind::kText || field.max_length > 0)
            << aggregate.name << " " << path;
      });
}

// Zeroed bytes decode as ordinal 0.
TEST(SchemaRules, OrdinalZeroIsUnspecified) {
  for (auto& aggregate : aggregate_plans())
    for (auto* all : {&aggregate.commands, &aggregate.events}) {
      auto first = all->schema.getUnionFields()[0].getProto();
      EXPECT_STREQ(first.getName().cStr(), "unspecified");
      EXPECT_EQ(first.getDiscriminantValue(), 0);
      EXPECT_EQ(all->at(0), nullptr);
      walk_all(*all, [&](auto& path, auto& field) {
        EXPECT_TRUE(field.value.kind != FieldKind::kEnum ||
                    field.value.names->at(0) == "unspecified")
            << path;
      });
    }
}

TEST(SchemaRules, TypesAreNamedOnce) {
  std::set<std::string> types;
  for (auto& aggregate : aggregate_plans())
    for (auto* all : {&aggregate.commands, &aggregate.events})
      for (auto& member : all->members)
        EXPECT_TRUE(types.insert(member.type).second) << member.type;
}

TEST(SchemaRules, EveryEventSaysWhichSideItChanges) {
  for (auto& aggregate : aggregate_plans())
    for (auto& event : aggregate.events.members) EXPECT_FALSE(event.facet.empty()) << event.type;
}

TEST(SchemaRules, EveryAggregateCanBeCorrected) {
  for (auto& aggregate : aggregate_plans()) {
    EXPECT_NE(aggregate.commands.find("correct"), nullptr) << aggregate.name;
    EXPECT_NE(aggregate.events.find("correctionRecorded"), nullptr) << aggregate.name;
  }
}

}  // namespace
}  // namespace rapport
