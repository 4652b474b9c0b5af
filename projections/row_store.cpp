#include "projections/row_store.h"

#include <bit>
#include <cstring>

namespace rapport::projections {

static_assert(std::endian::native == std::endian::little, "stored heads are little-endian");

StoredRow StoredRow::parse(std::string_view bytes) {
  StoredRow row{};
  if (bytes.size() < kHead) return row;
  std::memcpy(&row.created.value, bytes.data(), 8);
  std::memcpy(&row.since.value, bytes.data() + 8, 8);
  row.body = bytes.substr(kHead);
  return row;
}

void StoredRow::put_head(std::string& out, Position created, Position since) {
  char head[kHead];
  std::memcpy(head, &created.value, 8);
  std::memcpy(head + 8, &since.value, 8);
  out.append(head, kHead);
}

Error damaged_row(std::string_view key) {
  std::string shown;
  for (char c : key) shown += c >= ' ' && c < 127 ? c : '.';
  return {.code = ErrorCode::kCorrupt,
          .reason = "view.damaged",
          .message = "a stored row cannot be read: " + shown,
          .hint = "rapport rebuild VIEW"};
}

}  // namespace rapport::projections
