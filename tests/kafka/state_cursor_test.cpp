// What is remembered of published rows.
#include "adapters/kafka/state_cursor.h"

#include <gtest/gtest.h>

#include <fstream>

namespace rapport::kafka {
namespace {

namespace fs = std::filesystem;

struct StateCursorFile : testing::Test {
  StateCursorFile() { fs::remove_all(folder); }
  ~StateCursorFile() override { fs::remove_all(folder); }
  const fs::path folder = fs::path(testing::TempDir()) / "state_cursor_test";
};

const StateCursor kCursor{.cluster = "abc/D",
                          .origin = "rapport/1",
                          .views = {{"pipeline", {2, {17}, {3, 0, 9}, "ab@3", "masked"}}, {"service", {1, {}, {}, "", "sealed"}}}};

TEST_F(StateCursorFile, IsReadAsItWasWritten) {
  EXPECT_FALSE(read_state_cursor(folder, "abc/D"));
  ASSERT_TRUE(write_state_cursor(folder, kCursor));
  EXPECT_EQ(read_state_cursor(folder, "abc/D"), kCursor);
  EXPECT_FALSE(read_state_cursor(folder, "other"));
  EXPECT_EQ(read_state_cursors(folder), std::vector{kCursor});
}

TEST_F(StateCursorFile, OneThatCannotBeUnderstoodIsNone) {
  ASSERT_TRUE(write_state_cursor(folder, kCursor));
  for (auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) std::ofstream(entry.path()) << "{\"cluster\":7}";
  EXPECT_FALSE(read_state_cursor(folder, "abc/D"));
  EXPECT_TRUE(read_state_cursors(folder).empty());
}

TEST_F(StateCursorFile, WithoutAFolderNothingIsKept) {
  ASSERT_TRUE(write_state_cursor({}, kCursor));
  EXPECT_FALSE(read_state_cursor({}, "abc/D"));
}

}  // namespace
}  // namespace rapport::kafka
