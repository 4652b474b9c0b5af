#include "tests/bench/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "domain/result.h"

namespace rapport::bench {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double seconds_of(const rusage& use) {
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

}  // namespace

double own_cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return seconds_of(use);
}

Child::Child(std::vector<std::string> command) : began_(now()) {
  int ends[2];
  RAPPORT_ASSERT(pipe2(ends, O_CLOEXEC) == 0);
  std::fflush(stdout);
  process_ = fork();
  RAPPORT_ASSERT(process_ >= 0);
  if (process_ == 0) {
    std::vector<char*> arguments;
    for (auto& argument : command) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    dup2(ends[1], STDOUT_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  said_ = ends[0];
}

Child::~Child() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(said_);
}

std::string Child::read_line() {
  std::string line;
  for (char c = 0; read(said_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

double Child::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void Child::terminate() { kill(process_, SIGTERM); }

Used Child::wait() {
  while (!read_line().empty()) {
  }
  int status = 0;
  rusage use{};
  RAPPORT_ASSERT(wait4(process_, &status, 0, &use) == process_);
  process_ = 0;
  RAPPORT_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return {now() - began_, seconds_of(use), use.ru_maxrss / 1024};
}

Used run(std::vector<std::string> command) { return Child(std::move(command)).wait(); }

}  // namespace rapport::bench
