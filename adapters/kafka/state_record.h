// The record that stands for a view's row in crm.<view>.state.v1. Nothing of librdkafka.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/json/write_json.h"
#include "adapters/kafka/record.h"
#include "projections/published_rows.h"

namespace rapport::kafka {

// Key: the row's name. Value: the row as a JSON object, its members as in reports; none if the row is gone. Headers:
//
//   content-type          application/json
//   rapport-view-version  of the view whose rows they are
//   rapport-since         the position that made the row what it is; not of one that is gone from a view that was built anew
//
// One thread; what it answers borrows until the next write().
class StateRecord final {
 public:
  StateRecord(std::uint32_t view_version, PersonalTexts personal) : personal_(personal), view_version_(std::to_string(view_version)) {}
  StateRecord(const StateRecord&) = delete;

  // kCorrupt: the row is damaged, or a sealed text in it was altered.
  Result<void> write(const projections::PublishedRows& rows, projections::RowDecoder& decoder, std::string_view key,
                     projections::StoredRow stored);
  // That the row of that name is gone.
  void write_gone(std::string_view name);

  std::string_view key() const { return key_; }
  std::optional<std::string_view> value() const { return gone_ ? std::nullopt : std::optional<std::string_view>(value_); }
  std::span<const Header> headers() const { return {headers_.data(), header_count_}; }
  // Whether a text of the row was erased.
  bool erased() const { return erased_; }

 private:
  void head(Position since);

  const PersonalTexts personal_;
  const std::string view_version_;
  std::string key_, value_;
  bool gone_ = false, erased_ = false;
  std::array<char, 20> since_{};
  std::array<Header, 3> headers_{};
  std::size_t header_count_ = 0;
};

}  // namespace rapport::kafka
