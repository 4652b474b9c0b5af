// One of several equal parts of a view: its rows by the streams that write them, each part kept by a worker of its own. Only views
// whose rows are each written by the events of one stream can be shared out (ViewType::by_stream).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rapport::projections {

struct Share {
  static constexpr std::uint32_t kCountMax = 1'024;
  std::uint32_t number = 1, count = 1;  // 1 <= number <= count; 1 of 1: the whole view
  bool whole() const { return count == 1; }
  bool operator==(const Share&) const = default;
};
std::string to_text(const Share& share);               // "2/3"
std::optional<Share> parse_share(std::string_view text);

}  // namespace rapport::projections
