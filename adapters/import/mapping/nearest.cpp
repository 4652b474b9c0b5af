#include "adapters/import/mapping/nearest.h"

#include <algorithm>
#include <vector>

namespace rapport::import {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Letters to change, add, drop or swap with their neighbour; upper and lower case are the same.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t differs = lower(a[i - 1]) != lower(b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                     lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

void Nearest::offer(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  if (name.size() > kLongest || wanted_.size() > kLongest) return;
  bool begun = wanted_.size() >= 3 &&
               (name.starts_with(wanted_) || std::string_view(wanted_).starts_with(name));
  auto away = begun ? 1 : distance(wanted_, name);
  if (away >= distance_ || (!begun && away > (wanted_.size() + 1) / 3)) return;
  distance_ = away;
  nearest_ = name;
}

std::string Nearest::hint() const {
  return nearest_.empty() ? nearest_ : "; did you mean \"" + nearest_ + "\"?";
}

}  // namespace rapport::import
