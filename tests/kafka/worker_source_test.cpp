#include "adapters/kafka/worker_source.h"

#include <gtest/gtest.h>

namespace rapport::kafka {
namespace {

WorkerSource sample(int leaves) {
  WorkerSource source;
  source.cluster = "MkU3OEVBNTcwNTJENDM2Qk";
  source.offset = 4'711;
  for (int i = 0; i < leaves; ++i) source.tree.add(sha256({bytes_of(std::to_string(i))}));
  source.park({17, "das ist kein Rahmen: „客户“"});
  source.park({18, "of a later version", {4'000}});
  return source;
}

TEST(WorkerSource, ComesBackAsItWasKept) {
  for (int leaves : {0, 1, 2, 7, 64, 1'000}) {
    auto source = sample(leaves);
    auto read = parse_source(to_text(source));
    ASSERT_TRUE(read) << leaves;
    EXPECT_EQ(read->cluster, source.cluster);
    EXPECT_EQ(read->offset, 4'711);
    EXPECT_EQ(read->tree.size(), static_cast<std::uint64_t>(leaves));
    EXPECT_EQ(read->tree.root(), source.tree.root());
    EXPECT_EQ(read->parked, source.parked);
    EXPECT_EQ(read->unread, 1u);
  }
}

TEST(WorkerSource, IsNothingIfItCannotBeUnderstood) {
  EXPECT_FALSE(parse_source(""));
  EXPECT_FALSE(parse_source("{}"));
  auto text = to_text(sample(7));
  text.replace(text.find("\"treeSize\":7"), 12, "\"treeSize\":8");
  EXPECT_FALSE(parse_source(text));
}

TEST(WorkerSource, KeepsAHundredParkedRecordsTheFirstAmongThemAndCountsEvents) {
  WorkerSource source;
  for (int i = 0; i < 250; ++i) source.park({i, "why", {static_cast<std::uint64_t>(i % 2)}});
  ASSERT_EQ(source.parked.size(), WorkerSource::kParkedMax);
  EXPECT_EQ(source.parked.back().offset, 249);
  EXPECT_EQ(source.parked.front().offset, 0) << "what is taken up again begins there";
  EXPECT_EQ(source.parked[1].offset, 151);
  EXPECT_EQ(source.unread, 125u);
}

}  // namespace
}  // namespace rapport::kafka
