// The test program started anew as a publisher or worker of its own, to be killed at any moment.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace rapport::kafka {

// What main() does when told to be a child: relay STORE BROKERS | worker STATE BROKERS VIEW |
// group STATE BROKERS VIEW. Prints each progress as a line.
int run_child(const std::vector<std::string>& arguments);

class Child final {
 public:
  explicit Child(const std::vector<std::string>& arguments);
  ~Child();
  Child(const Child&) = delete;

  // Waits for the first line, then so long, then kills with -9. Whether it was still at work.
  bool kill_after_start(std::chrono::milliseconds delay);

 private:
  int process_ = 0;
  int output_ = -1;
};

}  // namespace rapport::kafka
