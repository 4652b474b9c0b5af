// What cannot be printed is said, and what nobody reads any more ends.
#include <cstdlib>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct Output : Folder {
  // What a shell makes of the line, with $R for the program and $D for the store; what it printed is in the file "out".
  int shell(const std::string& line) {
    auto script = "R='" RAPPORT_PROGRAM "'; D='" + store() + "'; { " + line + "; } >'" + path("out") + "' 2>'" + path("err") + "'";
    return WEXITSTATUS(std::system(("timeout 60 bash '" + write("script", script) + "'").c_str()));
  }
};

TEST_F(Output, ThatFindsNoRoomIsAFailureOfEveryVerb) {
  ASSERT_EQ(import_deals().code, 0);
  for (std::string verb : {"events", "dump", "inspect", "verify --quiet", "rebuild --quiet", "query pipeline/summary", "query pipeline/summary --format table"}) {
    EXPECT_EQ(shell("$R " + verb + " --data $D > /dev/full"), 1) << verb;
    EXPECT_NE(read_file(path("err")).find("cannot write to standard output: No space left on device"), std::string::npos)
        << verb << ": " << read_file(path("err"));
  }
  EXPECT_EQ(shell("$R schema > /dev/full"), 1);
  EXPECT_EQ(shell("$R query --help > /dev/full"), 1);
}

TEST_F(Output, ThatNobodyReadsAnyMoreEndsWithoutAWord) {
  ASSERT_EQ(run({"demo", "--data", store(), "--customers", "200", "--years", "1", "--quiet"}).code, 0);
  for (std::string verb : {"events", "dump", "events --follow"}) {
    ASSERT_EQ(shell("$R " + verb + " --data $D | head -1 | wc -l; echo ${PIPESTATUS[0]}"), 0) << verb;
    EXPECT_EQ(read_file(path("out")), "1\n1\n") << verb;
    EXPECT_EQ(read_file(path("err")), "") << verb;
  }
}

TEST_F(Output, ThatIsFollowedEndsWithItsReaderThoughNothingHappens) {
  ASSERT_EQ(import_deals().code, 0);
  auto last = std::to_string(run({"inspect", "--data", store(), "--format", "json"}).json()["position"].get<int>());
  ASSERT_EQ(shell("$R events --follow --from " + last + " --data $D | head -1 | wc -l"), 0);
  EXPECT_EQ(read_file(path("out")), "1\n");
}

}  // namespace
}  // namespace rapport::program
