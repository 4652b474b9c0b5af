// A program that a benchmark runs beside itself, and what it used.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace rapport::bench {

struct Used {
  double seconds = 0, cpu_seconds = 0;
  long peak_mib = 0;
};

// Of this process so far.
double own_cpu_seconds();

// One thread. Killed at the end if it was not waited for.
class Child final {
 public:
  explicit Child(std::vector<std::string> command);  // the program first
  ~Child();
  Child(const Child&) = delete;

  std::string read_line();          // of what it says, without the line's end; empty at the end
  double cpu_seconds() const;       // so far
  void terminate();                 // asks it to end
  Used wait();                      // until it has ended, well; aborts otherwise

 private:
  pid_t process_ = 0;
  int said_ = -1;
  double began_ = 0;
};

// Runs a program to its end.
Used run(std::vector<std::string> command);

}  // namespace rapport::bench
