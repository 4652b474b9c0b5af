// A log made by hand for the tests of views: events as recorded, folded into a store in memory, and
// asked by reports.
#pragma once
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "eventstore/event.h"
#include "projections/memory/memory_row_store.h"
#include "projections/views.h"

namespace rapport::projections {

// 2025-01-01T00:00:00Z and so many days.
constexpr Timestamp day(std::int64_t n) { return {(20'089 + n) * kMicrosPerDay}; }

class Journal {
 public:
  struct How {
    Timestamp occurred_at = day(0);
    Precision precision = Precision::INSTANT;
    std::string reason = {};
    std::optional<EventId> cause = {};
  };

  template <class E>
  Journal& add(const std::string& stream, const E& event, const How& how = {}) {
    capnp::MallocMessageBuilder message;
    event.write_member(message.initRoot<typename E::Union>());
    auto which =
        capnp::DynamicStruct::Reader(message.getRoot<typename E::Union>().asReader()).which();
    std::string member;
    KJ_IF_MAYBE (field, which) member = field->getProto().getName().cStr();
    return add(stream, member, capnp::messageToFlatArray(message), how);
  }
  // The bytes of an event whose union member is called so.
  Journal& add(const std::string& stream, const std::string& member, kj::Array<capnp::word> payload,
               const How& how) {
    auto& entry = entries_.emplace_back();
    entry.stream = stream;
    entry.payload = std::move(payload);
    auto metadata = entry.metadata.initRoot<envelope::wire::Metadata>();
    if (!how.reason.empty()) metadata.setReasonCode(how.reason);
    if (how.cause) how.cause->write(metadata.initCausation());
    auto& event = entry.event;
    event.position = {entries_.size()};
    event.version = {++versions_[stream]};
    event.stream_type = split_stream(entry.stream).type;
    event.stream_id = split_stream(entry.stream).id;
    entry.type = std::string(event.stream_type) + "." + member;
    event.type = entry.type;
    event.command = CommandId::of(1, event.position.value);
    event.recorded_at = day(1'000);
    event.recorded_at.micros += static_cast<std::int64_t>(event.position.value);
    event.precision = how.precision;
    event.occurred_at = how.precision == Precision::UNKNOWN ? event.recorded_at : how.occurred_at;
    event.metadata = metadata.asReader();
    event.payload = entry.payload;
    return *this;
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t count(std::string_view type) const {
    return static_cast<std::size_t>(std::ranges::count(entries_, type, &Entry::type));
  }

  // Folds events up to a position, in batches of so many.
  void fold(const ViewType& view, RowStore& store, std::size_t to, std::size_t batch = 3) const {
    auto folder = view.make_folder(store, {.batch_events_max = batch});
    for (std::size_t i = 0; i < to; ++i) ASSERT_TRUE(folder->fold(entries_[i].event));
    ASSERT_TRUE(folder->commit());
  }
  void fold_as_of(const ViewType& view, RowStore& store, Timestamp t) const {
    auto folder = view.make_folder(store, {});
    for (auto& entry : entries_) ASSERT_TRUE(folder->fold_as_of(t, entry.event));
    ASSERT_TRUE(folder->commit());
  }

 private:
  struct Entry {
    std::string stream, type;
    kj::Array<capnp::word> payload;
    capnp::MallocMessageBuilder metadata;
    RecordedEvent event;
  };
  std::deque<Entry> entries_;
  std::map<std::string, std::uint64_t> versions_;
};

// The lines of a report as "a|b|c": the columns asked for, or all.
inline std::vector<std::string> lines_of(const ViewType& view, const RowStore& store,
                                         std::string_view report,
                                         const std::vector<std::string>& columns,
                                         Query query = {}) {
  auto* found = view.find_report(report);
  RAPPORT_ASSERT(found);
  auto snapshot = store.snapshot();
  RAPPORT_ASSERT(snapshot);
  auto lines = found->run(**snapshot, query);
  if (!lines) return {"error " + lines.error().reason + " " + lines.error().field};
  std::vector<std::string> out;
  for (auto& row : lines->rows) {
    std::string line;
    for (std::size_t i = 0; i < lines->columns.size(); ++i)
      if (columns.empty() || std::ranges::find(columns, lines->columns[i].name) != columns.end())
        line += text_of(row[i]) + "|";
    if (!line.empty()) line.pop_back();
    out.push_back(line);
  }
  return out;
}

// Every row as known at a position.
inline std::map<std::string, std::string> contents(const RowStore& store, Position at = kNow) {
  std::map<std::string, std::string> all;
  auto snapshot = store.snapshot();
  RAPPORT_ASSERT(snapshot);
  RAPPORT_ASSERT((*snapshot)->scan("", at, [&](std::string_view key, std::string_view body) {
    return all.emplace(key, body).second;
  }));
  return all;
}

// Known at any position = a fresh fold of the log cut there.
void expect_known_at_equals_a_fresh_fold(const ViewType& view, const auto& log) {
  MemoryRowStore whole;
  log.fold(view, whole, log.size(), 5);
  for (std::size_t p = 1; p <= log.size(); ++p) {
    MemoryRowStore cut;
    log.fold(view, cut, p, 2);
    ASSERT_EQ(contents(whole, {p}), contents(cut)) << "position " << p;
  }
}

}  // namespace rapport::projections
