// What a receiver was sent and answered, attempt by attempt: bounded, for people.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "domain/result.h"

namespace rapport::webhooks {

// One writing thread; reading may go on meanwhile.
class AttemptLog final {
 public:
  static constexpr std::uintmax_t kFileBytesMax = 1 << 20;  // of each of the two files

  explicit AttemptLog(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<void> append(std::string_view line) const;
  // The last `limit` lines, oldest first, of those that `wanted` takes.
  template <class Wanted>
  std::vector<std::string> last(std::size_t limit, Wanted wanted) const {
    std::vector<std::string> lines;
    for (auto& line : all())
      if (wanted(line)) lines.push_back(std::move(line));
    if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    return lines;
  }

 private:
  std::vector<std::string> all() const;  // whole lines, oldest first

  const std::filesystem::path folder_;
};

}  // namespace rapport::webhooks
