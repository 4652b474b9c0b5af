#include "adapters/kafka/cursor.h"

#include <gtest/gtest.h>

#include <fstream>

namespace rapport::kafka {
namespace {

namespace fs = std::filesystem;

struct CursorFile : testing::Test {
  CursorFile() { fs::remove_all(folder); }
  ~CursorFile() override { fs::remove_all(folder); }
  const fs::path folder = fs::path(testing::TempDir()) / "cursor_test";
  const Cursor cursor{
      .cluster = "MkU3OEVBNTcwNTJENDM2Qk",
      .brokers = "127.0.0.1:9092",
      .clean = true,
      .position = {1'234'567},
      .tree_edge = std::string("\x00\xff\x7f edge", 8),
      .topics = {{"crm.case.events.v1", {{.sequence = 1'234'000, .offset = 77}, {}}},
                 {"crm.log.v1", {{.sequence = 1'234'567, .offset = 9}}}},
      .behind = {{"crm.case.events.v1", {77}}}};
};

TEST_F(CursorFile, ComesBackAsItWasWritten) {
  ASSERT_TRUE(write_cursor(folder, cursor));
  EXPECT_EQ(read_cursor(folder, cursor.cluster), cursor);
  auto all = read_cursors(folder);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0], cursor);
}

TEST_F(CursorFile, IsAnotherForEachCluster) {
  ASSERT_TRUE(write_cursor(folder, cursor));
  EXPECT_FALSE(read_cursor(folder, "another"));
}

TEST_F(CursorFile, IsAsGoodAsNoneWhenTorn) {
  ASSERT_TRUE(write_cursor(folder, cursor));
  auto file = folder / (cursor.cluster + ".json");
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_FALSE(read_cursor(folder, cursor.cluster));
  std::ofstream(file) << R"({"cluster":7})";
  EXPECT_FALSE(read_cursor(folder, cursor.cluster));
}

TEST_F(CursorFile, StaysBelowItsFolderWhateverTheClusterIsCalled) {
  auto odd = cursor;
  odd.cluster = "../../a.b/c";
  ASSERT_TRUE(write_cursor(folder, odd));
  EXPECT_EQ(read_cursor(folder, odd.cluster), odd);
  EXPECT_TRUE(fs::exists(folder / "______a_b_c.json"));
}

}  // namespace
}  // namespace rapport::kafka
