// What two passes over one log remember, in one file.
#include "adapters/kafka/run_cursor.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace rapport::kafka {
namespace {

struct Passes : testing::Test {
  Passes() : folder(std::filesystem::temp_directory_path() / ("rapport-passes-" + std::to_string(::getpid()))) {}
  ~Passes() override { std::filesystem::remove_all(folder); }
  static Cursor part(std::uint64_t position, const std::string& topic, bool clean = true) {
    return {.cluster = "c", .brokers = "b", .clean = clean, .position = {position}, .tree_edge = {}, .topics = {{topic, {{position, 1}}}}};
  }
  const std::filesystem::path folder;
};

TEST_F(Passes, AreRememberedTogether) {
  RunCursor cursor(folder);
  ASSERT_TRUE(cursor.save(Pass::kBehind, part(5, "cases")));
  EXPECT_FALSE(read_cursor(folder, "c")) << "the pass that leads says where the cluster is";
  ASSERT_TRUE(cursor.save(Pass::kLeading, part(90, "log")));
  auto found = read_cursor(folder, "c");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->position, Position{90});
  EXPECT_EQ(found->behind, (std::map<std::string, Position>{{"cases", {5}}}));
  EXPECT_EQ(found->topics.size(), 2u);
  EXPECT_TRUE(found->clean);
  ASSERT_TRUE(cursor.save(Pass::kBehind, part(7, "cases", false)));
  found = read_cursor(folder, "c");
  EXPECT_EQ(found->behind["cases"], Position{7});
  EXPECT_FALSE(found->clean);
}

TEST_F(Passes, GoOnAsOneWhereTheyWere) {
  for (auto& place : {folder, std::filesystem::path()}) {
    RunCursor cursor(place);
    ASSERT_TRUE(cursor.save(Pass::kLeading, part(90, "log")));
    ASSERT_TRUE(cursor.save(Pass::kBehind, part(88, "cases")));
    cursor.join();
    auto joined = cursor.remembered("c");
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->position, Position{90});
    EXPECT_EQ(joined->behind["cases"], Position{88});
    auto both = part(95, "log");
    both.topics["cases"] = {{95, 3}};
    ASSERT_TRUE(cursor.save(Pass::kLeading, both));
    EXPECT_TRUE(cursor.remembered("c")->behind.empty());
    EXPECT_FALSE(cursor.remembered("another cluster"));
  }
}

}  // namespace
}  // namespace rapport::kafka
