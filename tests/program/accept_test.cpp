// What keeps a store from going on can be accepted, by an act of its own that is kept.
#include <fstream>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

struct Accept : Folder {
  Ran verify(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"verify", "--data", store(), "--format", "json", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  static Ran win(const std::string& deal, const std::string& dir) { return run({"command", "opportunity/" + deal, "win", "{}", "--data", dir, "--format", "json"}); }
};

TEST_F(Accept, ALostTailAndWithItWhatWasMadeOfIt) {
  ASSERT_EQ(import_deals().code, 0);
  auto older = path("older");
  fs::copy(store(), older, fs::copy_options::recursive);
  ASSERT_EQ(win("D-2", store()).code, 0);
  ASSERT_EQ(run({"query", "pipeline/summary", "--data", store()}).code, 0);  // now the view knows of it, too
  fs::remove(store() + "/closed");
  fs::remove_all(store() + "/log");
  fs::copy(older + "/log", store() + "/log", fs::copy_options::recursive);
  auto refused = win("D-2", store());
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.error().value("code", ""), "store.tail_lost") << refused.err;
  EXPECT_NE(refused.err.find("--accept lost-tail"), std::string::npos) << refused.err;
  EXPECT_EQ(verify({"--accept", "clock"}).error().value("code", ""), "store.tail_lost") << "each is accepted by its own name";
  auto accepted = verify({"--accept", "lost-tail"});
  EXPECT_EQ(accepted.code, 0) << accepted.out << accepted.err;
  EXPECT_TRUE(read_file(store() + "/accepted").starts_with("lost-tail "));
  EXPECT_EQ(verify().code, 0);
  auto rows = [](const std::string& dir) { return run({"query", "pipeline/summary", "--data", dir, "--format", "csv"}).out; };
  EXPECT_EQ(rows(store()), rows(older));
  EXPECT_EQ(win("D-2", store()).code, 0);
  EXPECT_EQ(import_deals().json()["rejected"], 0) << "the memory of imports was given up with the events, and comes back";
  EXPECT_EQ(verify().code, 0);
}

TEST_F(Accept, NothingOfAStoreThatIsWell) {
  ASSERT_EQ(import_deals().code, 0);
  EXPECT_EQ(verify({"--accept", "nonsense"}).code, 2);
  EXPECT_EQ(verify({"--accept", "clock"}).code, 0);
  EXPECT_EQ(verify({"--accept", "lost-tail"}).code, 0);
  EXPECT_FALSE(fs::exists(store() + "/accepted")) << "there was nothing to accept";
}

}  // namespace
}  // namespace rapport::program
