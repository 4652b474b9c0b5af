#include "eventstore/rocks/empty_logs.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace rapport {

void remove_empty_logs(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<fs::path> logs;
  std::error_code failed;
  for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed))
    if (it->path().extension() == ".log") logs.push_back(it->path());
  if (logs.empty()) return;
  // Numbers of at least six digits: a longer name is a later one.
  auto earlier = [](const fs::path& a, const fs::path& b) {
    auto x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  };
  std::iter_swap(std::max_element(logs.begin(), logs.end(), earlier), logs.end() - 1);
  logs.pop_back();
  for (const auto& log : logs) {
    std::error_code ignored;  // it is removed another time
    if (fs::file_size(log, ignored) == 0) fs::remove(log, ignored);
  }
}

}  // namespace rapport
