#include "tests/program/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

std::vector<char*> argv_of(std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return argv;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

std::vector<std::string> command_line(const std::vector<std::string>& arguments) {
  std::vector<std::string> all{RAPPORT_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

void limit_files(std::size_t bytes_max) {
  if (bytes_max == 0) return;
  const rlimit limit{bytes_max, bytes_max};
  setrlimit(RLIMIT_FSIZE, &limit);
}

Ran run_limited(const std::vector<std::string>& arguments, const std::string& input, std::size_t file_bytes_max) {
  auto all = command_line(arguments);
  auto argv = argv_of(all);
  char folder[] = "/tmp/rapport-run-XXXXXX";
  if (!mkdtemp(folder)) return {};
  fs::path in = fs::path(folder) / "in", out = fs::path(folder) / "out", err = fs::path(folder) / "err";
  std::ofstream(in, std::ios::binary) << input;
  auto child = fork();
  if (child == 0) {
    dup2(open(in.c_str(), O_RDONLY), 0);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
    unsetenv("RAPPORT_DATA");
    unsetenv("RAPPORT_FORMAT");
    limit_files(file_bytes_max);
    execv(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Ran ran{exit_code(status), read_file(out), read_file(err)};
  fs::remove_all(folder);
  return ran;
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

nlohmann::json Ran::error() const {
  auto at = err.find("{\"error\"");
  if (at == err.npos) return {};
  auto parsed = nlohmann::json::parse(err.substr(at), nullptr, false);
  return parsed.is_discarded() ? nlohmann::json{} : parsed["error"];
}

Ran run(const std::vector<std::string>& arguments, const std::string& input) { return run_limited(arguments, input, 0); }

Ran run_without_room(const std::vector<std::string>& arguments, std::size_t file_bytes_max) {
  return run_limited(arguments, {}, file_bytes_max);
}

Running::Running(const std::vector<std::string>& arguments, std::size_t file_bytes_max) {
  auto all = command_line(arguments);
  auto argv = argv_of(all);
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    limit_files(file_bytes_max);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  out_ = ends[0];
}

Running::~Running() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (out_ >= 0) close(out_);
}

std::string Running::first_line() {
  std::string line;
  for (char c = 0; read(out_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

void Running::signal(int number) { kill(pid_, number); }

int Running::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return exit_code(status);
}

Folder::Folder() {
  auto name = (fs::temp_directory_path() / "rapport-program-XXXXXX").string();
  folder = mkdtemp(name.data());
}

Folder::~Folder() {
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, ignored);
  fs::remove_all(folder, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder / name, std::ios::binary) << text;
  return path(name);
}

std::string Folder::view_folder(const std::string& view) const {
  for (auto& entry : fs::directory_iterator(store() + "/views"))
    if (entry.path().filename().string().starts_with(view + ".v")) return entry.path().filename().string();
  return view + ".missing";
}

std::string Folder::deals_mapping() const { return RAPPORT_SOURCE_DIR "/tests/tour/deals.json"; }

Ran Folder::import_deals(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"import", deals_mapping(), RAPPORT_SOURCE_DIR "/tests/tour/deals.csv", "--data", store(),
                                     "--format", "json", "--quiet"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

}  // namespace rapport::program
