#include "adapters/kafka/state_record.h"

#include <charconv>
#include <utility>

namespace rapport::kafka {
namespace {

using projections::Cell;

// Whether it was a text that an erasure made unreadable.
Result<bool> append_cell(const Cell& cell, PersonalTexts personal, std::string& out) {
  struct Appender {
    PersonalTexts personal;
    std::string& out;
    Result<bool> operator()(std::monostate) const { return out += "null", false; }
    Result<bool> operator()(std::int64_t number) const { return append_integer(number, out), false; }
    Result<bool> operator()(std::string_view text) const { return append_text(text, out), false; }
    Result<bool> operator()(Date date) const { return append_date(date, out), false; }
    Result<bool> operator()(Timestamp time) const { return append_time(time, out), false; }
    Result<bool> operator()(bool flag) const { return out += flag ? "true" : "false", false; }
    Result<bool> operator()(const projections::Sealed* sealed) const { return append_personal(sealed->bytes, personal, out); }
  };
  return std::visit(Appender{personal, out}, cell);
}

}  // namespace

void StateRecord::head(Position since) {
  header_count_ = 0;
  headers_[header_count_++] = {"content-type", "application/json"};
  headers_[header_count_++] = {"rapport-view-version", view_version_};
  if (since.value == 0) return;
  auto end = std::to_chars(since_.data(), since_.data() + since_.size(), since.value).ptr;
  headers_[header_count_++] = {"rapport-since", {since_.data(), static_cast<std::size_t>(end - since_.data())}};
}

Result<void> StateRecord::write(const projections::PublishedRows& rows, projections::RowDecoder& decoder, std::string_view key,
                                projections::StoredRow stored) {
  key_ = rows.name(key);
  if (key_.empty() || stored.since.value == 0) return projections::damaged_row(key);
  head(stored.since);
  erased_ = false;
  gone_ = stored.body.empty();
  if (gone_) return {};
  if (!decoder.read(key, stored.body)) return projections::damaged_row(key);
  gone_ = !decoder.included();
  if (gone_) return {};
  value_ = "{";
  std::string erased;
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    if (i != 0) value_ += ',';
    append_text(rows.columns[i].name, value_);
    value_ += ':';
    auto was_erased = append_cell(decoder.cell(i), personal_, value_);
    if (!was_erased) return std::move(was_erased).error();
    if (!*was_erased) continue;
    erased += erased.empty() ? ",\"erased\":[" : ",";
    append_text("/" + rows.columns[i].name, erased);
  }
  erased_ = !erased.empty();
  value_ += erased_ ? erased + "]}" : "}";
  return {};
}

void StateRecord::write_gone(std::string_view name) {
  key_ = name;
  gone_ = true;
  erased_ = false;
  head({});
}

}  // namespace rapport::kafka
