#include "projections/share.h"

#include <charconv>

namespace rapport::projections {

std::string to_text(const Share& share) { return std::to_string(share.number) + "/" + std::to_string(share.count); }

std::optional<Share> parse_share(std::string_view text) {
  Share share;
  const auto* end = text.data() + text.size();
  auto number = std::from_chars(text.data(), end, share.number);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != '/') return std::nullopt;
  auto count = std::from_chars(number.ptr + 1, end, share.count);
  if (count.ec != std::errc() || count.ptr != end) return std::nullopt;
  if (share.number == 0 || share.number > share.count || share.count > Share::kCountMax) return std::nullopt;
  return share;
}

}  // namespace rapport::projections
