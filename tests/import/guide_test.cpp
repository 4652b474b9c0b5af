// The worked example of MAPPING.md does what the page says.
#include "tests/import/import_fixture.h"

namespace rapport::import {
namespace {

struct GuideTest : ImportTest {
  // The first block of a kind in the page.
  static std::string block(const std::string& kind) {
    auto page = read(std::string(RAPPORT_SOURCE_DIR) + "/adapters/import/MAPPING.md");
    auto begin = page.find("```" + kind + "\n");
    RAPPORT_ASSERT(begin != page.npos);
    begin += kind.size() + 4;
    return page.substr(begin, page.find("```", begin) - begin);
  }
};

TEST_F(GuideTest, TheWorkedExampleIsTrue) {
  auto done = import(block("json"), {write("deals.csv", block("csv"))});
  ASSERT_TRUE(done.has_value()) << told(done);
  EXPECT_EQ(told(done).substr(0, 7), "4/3/1/0");
  EXPECT_EQ(done->commands, (std::map<std::string, std::uint64_t>{{"opportunity/open", 3},
                                                                  {"opportunity/assignOwner", 0},
                                                                  {"opportunity/win", 1},
                                                                  {"opportunity/lose", 1}}));
  EXPECT_TRUE(done->unmapped.empty());
  auto page = read(std::string(RAPPORT_SOURCE_DIR) + "/adapters/import/MAPPING.md");
  auto written = read(done->rejects);
  auto row = written.substr(written.find('\n') + 1);
  row.resize(row.find('\r'));
  // The raw line has commas, so the file quotes it; the page shows the line as a person sees it.
  EXPECT_NE(page.find(row.substr(0, row.find(",\"D-4"))), std::string::npos) << row;
}

}  // namespace
}  // namespace rapport::import
