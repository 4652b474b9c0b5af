// bench: runs the benchmark programs that were built beside this one.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

// BUILD/bench/NAME, for BUILD/rapport.
std::vector<std::filesystem::path> programs() {
  std::error_code failed;
  auto here = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / "bench";
  std::vector<std::filesystem::path> found;
  for (auto& entry : std::filesystem::directory_iterator(here, failed))
    if (entry.is_regular_file() && access(entry.path().c_str(), X_OK) == 0) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

class BenchVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("bench", "the benchmarks, each with its floor in the same run");
    verb->add_option("name", name_, "one of them; without it they are listed");
    verb->prefix_command();  // what follows the name is the benchmark's
    add_output(verb, session);
    add_example(verb, "rapport bench views --events 20000");
    verb_ = verb;
    return verb;
  }

  Result<int> run(Session&) override {
    std::string known;
    for (auto& program : programs()) {
      if (program.filename() == name_) return execute(program);
      known += (known.empty() ? "" : ", ") + program.filename().string();
    }
    if (known.empty())
      return Error{ErrorCode::kNotFound, "bench.missing", "no benchmarks were built beside this program", "", "",
                   "build them: cmake --build --preset release"};
    if (!name_.empty())
      return Error{ErrorCode::kInvalid, "bench.unknown", "there is no benchmark \"" + name_ + "\"", "name", "one of " + known};
    print(known + "\n");
    return 0;
  }

 private:
  Result<int> execute(const std::filesystem::path& program) {
    std::vector<char*> arguments;
    auto path = program.string();
    arguments.push_back(path.data());
    auto passed_on = verb_->remaining();
    for (auto& argument : passed_on) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    execv(path.c_str(), arguments.data());
    return Error{ErrorCode::kUnavailable, "bench.failed", fmt::format("cannot run {}: {}", path, std::strerror(errno))};
  }

  std::string name_;
  CLI::App* verb_ = nullptr;
};

}  // namespace

void add_bench_verbs(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<BenchVerb>()); }

}  // namespace rapport::cli
