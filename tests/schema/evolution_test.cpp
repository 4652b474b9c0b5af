// The gate that a schema's change has to pass: the schemas of every version so far, as they were
// compiled then, against those of this program. A version's file is made by UPDATE_GOLDEN=1 where
// it is missing (`capnp compile -o-`).
#include "tests/schema/evolution.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>

#include "domain/schema/opportunity.capnp.h"
#include "tests/schema/golden_files.h"

namespace rapport {
namespace {

using capnp::schema::CodeGeneratorRequest;

const char* const kSchemas[] = {
    "domain/schema/account",        "domain/schema/batch",       "domain/schema/case",
    "domain/schema/catalogue",      "domain/schema/common",      "domain/schema/data_subject",
    "domain/schema/loyalty_member", "domain/schema/opportunity", "domain/schema/order",
    "domain/schema/policy_set",     "domain/schema/principal",      "domain/schema/webhook",     "eventstore/schema/envelope"};

std::string compile(const std::string& schema) {
  std::string source = RAPPORT_SOURCE_DIR;
  std::string command =
      "cd '" + source + "' && capnp compile -I. -I/usr/include -o- '" + schema + ".capnp'";
  std::string bytes;
  auto* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return bytes;
  char block[4096];
  for (std::size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;) bytes.append(block, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return bytes;
}

// A compiled schema of an earlier version.
struct Compiled {
  kj::Array<capnp::word> words;
  std::unique_ptr<capnp::FlatArrayMessageReader> reader;
  test::Nodes nodes;

  explicit Compiled(const std::string& bytes)
      : words(kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word))) {
    std::memcpy(static_cast<void*>(words.begin()), bytes.data(), words.asBytes().size());
    reader = std::make_unique<capnp::FlatArrayMessageReader>(words);
    for (auto node : reader->getRoot<CodeGeneratorRequest>().getNodes())
      if ((node.isStruct() || node.isEnum())) nodes.emplace(node.getId(), node);
  }
};

TEST(SchemaGate, EverySchemaOfEarlierVersionsIsStillUnderstood) {
  for (std::string schema : kSchemas) {
    auto path = test::golden_folder("schema") / (schema.substr(schema.rfind('/') + 1) + ".v1.bin");
    if (test::update_golden() && !std::filesystem::exists(path))
      test::write_missing(path, compile(schema));
    EXPECT_TRUE(std::filesystem::exists(path))
        << path << ": run with UPDATE_GOLDEN=1 and commit it";
  }
  auto now = test::current_nodes();
  std::size_t compared = 0;
  for (auto& entry : std::filesystem::directory_iterator(test::golden_folder("schema"))) {
    Compiled then(test::read_file(entry.path()));
    EXPECT_FALSE(then.nodes.empty()) << entry.path();
    for (auto& violation : test::violations(then.nodes, now))
      ADD_FAILURE() << entry.path().filename() << ": " << violation;
    compared += then.nodes.size();
  }
  EXPECT_GE(compared, 100U);
}

// The gate can fail: each of these is a change that somebody could make to opportunity.capnp.
class Changed : public testing::Test {
 protected:
  // What the gate says after one struct or enum was changed.
  template <class Wire, class Body>
  std::string after(Body&& change) {
    auto then = test::current_nodes();
    auto proto = capnp::Schema::from<Wire>().getProto();
    capnp::MallocMessageBuilder message;
    message.setRoot(proto);
    auto node = message.getRoot<capnp::schema::Node>();
    change(node);
    auto now = then;
    now.at(proto.getId()) = node.asReader();
    std::string all;
    for (auto& violation : test::violations(then, now)) all += violation + "\n";
    return all;
  }
  static void drop_last_field(capnp::schema::Node::Builder node) {
    auto orphan = node.getStruct().disownFields();
    orphan.truncate(orphan.get().size() - 1);
    node.getStruct().adoptFields(kj::mv(orphan));
  }
};

TEST_F(Changed, NothingIsFine) {
  EXPECT_EQ(after<opportunity::wire::Won>([](auto) {}), "");
}
TEST_F(Changed, ADroppedFieldIsTold) {
  EXPECT_NE(after<opportunity::wire::Won>(drop_last_field).find("lost fields"), std::string::npos);
  auto members = capnp::Schema::from<opportunity::wire::Event>().getFields();
  std::string newest = members[members.size() - 1].getProto().getName().cStr();
  EXPECT_NE(after<opportunity::wire::Event>(drop_last_field).find(newest), std::string::npos);
}
TEST_F(Changed, ARenamedFieldIsTold) {
  auto told = after<opportunity::wire::Won>(
      [](auto node) { node.getStruct().getFields()[0].setName("sum"); });
  EXPECT_NE(told.find("renamed amount"), std::string::npos);
}
TEST_F(Changed, ARetypedFieldIsTold) {
  auto told = after<opportunity::wire::Won>(
      [](auto node) { node.getStruct().getFields()[1].getSlot().getType().setData(); });
  EXPECT_NE(told.find("re-typed orderId"), std::string::npos);
}
TEST_F(Changed, AMovedFieldIsTold) {
  auto told = after<opportunity::wire::StageChanged>(
      [](auto node) { node.getStruct().getFields()[2].getSlot().setOffset(1); });
  EXPECT_NE(told.find("moved probabilityBp"), std::string::npos);
}
TEST_F(Changed, AFieldThatIsPersonalNoMoreIsTold) {
  auto told = after<opportunity::wire::Lost>([](auto node) {
    for (auto field : node.getStruct().getFields())
      for (auto annotation : field.getAnnotations())
        if (annotation.getId() == 0xb1f0c0de0000a001) annotation.setId(1);
  });
  EXPECT_NE(told.find("meant by text"), std::string::npos);
}
TEST_F(Changed, AShrunkLimitIsTold) {
  auto told = after<opportunity::wire::Lost>([](auto node) {
    for (auto field : node.getStruct().getFields())
      for (auto annotation : field.getAnnotations())
        if (annotation.getId() == 0xb1f0c0de0000a004) annotation.getValue().setUint32(1);
  });
  EXPECT_NE(told.find("shrank reasonCode"), std::string::npos);
}
TEST_F(Changed, ARenamedEnumerantIsTold) {
  auto told = after<opportunity::wire::Type>(
      [](auto node) { node.getEnum().getEnumerants()[2].setName("repeat"); });
  EXPECT_NE(told.find("renamed or moved renewal"), std::string::npos);
}
TEST_F(Changed, AMissingStructIsTold) {
  auto then = test::current_nodes();
  auto now = then;
  now.erase(capnp::typeId<opportunity::wire::Won>());
  auto told = test::violations(then, now);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("Won is gone"), std::string::npos);
}

}  // namespace
}  // namespace rapport
