// How far a long piece of work is: a bar on a terminal, plain lines in a pipe, nothing if quiet. The program draws on standard
// error, so the tests give it a real terminal, or none.
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

// Everything that the program wrote to the terminal it was run on.
std::string on_a_terminal(const std::vector<std::string>& arguments) {
  int terminal = -1;
  auto child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    std::vector<char*> argv{const_cast<char*>(RAPPORT_PROGRAM)};
    for (auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(RAPPORT_PROGRAM, argv.data());
    _exit(127);
  }
  std::string out;
  char bytes[4096];
  for (ssize_t n; (n = read(terminal, bytes, sizeof bytes)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
  int status = 0;
  waitpid(child, &status, 0);
  close(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 0) << out;
  return out;
}

// Everything that it wrote to a pipe in place of standard error.
std::string through_a_pipe(const std::string& arguments) {
  auto* pipe = popen((std::string(RAPPORT_PROGRAM) + " " + arguments + " 2>&1 >/dev/null").c_str(), "r");
  if (!pipe) return "no pipe";
  std::string out;
  char bytes[4096];
  for (std::size_t n; (n = fread(bytes, 1, sizeof bytes, pipe)) > 0;) out.append(bytes, n);
  EXPECT_EQ(pclose(pipe), 0) << out;
  return out;
}

struct ProgressOfARebuild : Folder {
  void SetUp() override {
    ASSERT_EQ(run({"demo", "--data", store(), "--customers", "60", "--years", "1", "--quiet"}).code, 0);
  }
};

TEST_F(ProgressOfARebuild, IsOneBarForAllViewsTogetherOnATerminal) {
  auto shown = on_a_terminal({"rebuild", "--data", store(), "--format", "json"});
  EXPECT_NE(shown.find("\r\033[K"), shown.npos) << shown;
  EXPECT_NE(shown.find("100 %"), shown.npos) << shown;
  EXPECT_EQ(shown.find("rebuild pipeline"), shown.npos) << shown;
  EXPECT_FALSE(std::regex_search(shown, std::regex("\\b0 s left"))) << shown;
  // The line is clean again before the answer stands there.
  auto answer = shown.find("{\"views\"");
  ASSERT_NE(answer, shown.npos);
  EXPECT_TRUE(shown.substr(0, answer).ends_with("\r\033[K")) << shown;
}
TEST_F(ProgressOfARebuild, IsPlainLinesInAPipe) {
  auto shown = through_a_pipe("rebuild --format json --data " + store());
  EXPECT_TRUE(std::regex_match(shown, std::regex("(rebuild .* events.*, [0-9]+ %.*\n)+"))) << shown;
  EXPECT_NE(shown.find("100 %"), shown.npos) << shown;
  EXPECT_EQ(shown.find_first_of("\r\033"), shown.npos) << shown;
}
TEST_F(ProgressOfARebuild, IsNothingIfQuiet) {
  EXPECT_EQ(through_a_pipe("rebuild --quiet --format json --data " + store()), "");
  auto shown = on_a_terminal({"rebuild", "--data", store(), "--format", "json", "--quiet"});
  EXPECT_TRUE(shown.starts_with("{\"views\"")) << shown;
}

}  // namespace
}  // namespace rapport::program
