// The real program, run as a person or a script runs it.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rapport::program {

struct Ran {
  int code = 0;  // exit code; minus the signal that ended it
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
  // The object for programs on standard error.
  nlohmann::json error() const;
};

// Runs to its end. `input` is its standard input.
Ran run(const std::vector<std::string>& arguments, const std::string& input = {});
// With no room for a file past so many bytes: what a full disk is to a program, without one.
Ran run_without_room(const std::vector<std::string>& arguments, std::size_t file_bytes_max);

// A process that goes on: a server.
class Running final {
 public:
  // 0: no limit on the size of files.
  explicit Running(const std::vector<std::string>& arguments, std::size_t file_bytes_max = 0);
  ~Running();  // killed with -9 if it still runs
  Running(const Running&) = delete;
  // The first line of its standard output; empty if it ended without one.
  std::string first_line();
  void signal(int number);
  int wait();  // its exit code, or minus the signal
  int pid() const { return pid_; }

 private:
  int pid_ = 0, out_ = -1;
};

// A temporary folder with files.
struct Folder : testing::Test {
  Folder();
  ~Folder() override;
  std::string path(const std::string& name) const { return (folder / name).string(); }
  std::string write(const std::string& name, const std::string& text) const;
  std::string store() const { return path("store"); }
  // Imports two deals by a small mapping of its own; the store then has 6 events or so.
  Ran import_deals(const std::vector<std::string>& more = {});
  std::string deals_mapping() const;
  // The folder of a view's rows in store()/views, "pipeline.v1" or whatever its version is.
  std::string view_folder(const std::string& view) const;

  std::filesystem::path folder;
};

std::string read_file(const std::filesystem::path& path);

}  // namespace rapport::program
