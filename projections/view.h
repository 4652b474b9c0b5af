// What a view is to whatever drives it: the local log, Kafka, a rebuild, or a fold in memory that answers one question.
#pragma once
#include <capnp/schema.h>
#include <capnp/serialize.h>
#include <kj/debug.h>

#include <memory>
#include <optional>

#include "domain/reading.h"
#include "projections/row_store.h"
#include "projections/table.h"

namespace rapport::projections {

// The events a view takes of one aggregate, each with an overload of `apply`: one that is missing or mistyped does not
// compile. Event is the aggregate's union ("opportunity::Event").
template <class Event, class... E>
struct Takes {
  template <class T>
  static constexpr bool has = (std::same_as<T, E> || ...);
};

// Calls f with the event's value if it is among those taken; the rest is passed over unread. Damaged bytes and, before anything is
// done, a type that a later version of the program has added throw kj::Exception, which the folder turns into kCorrupt.
template <class Event, class... E>
void read_event(const RecordedEvent& event, Takes<Event, E...>, auto&& f) {
  capnp::FlatArrayMessageReader message(event.payload, reading_limits(event.payload));
  auto root = message.getRoot<typename Event::Wire>();
  // Whether it would matter to the view, nobody can know here: it is of an aggregate that the view takes.
  static const auto known = capnp::Schema::from<typename Event::Wire>().getUnionFields().size();
  if (static_cast<unsigned>(root.which()) >= known) KJ_UNIMPLEMENTED("an event of a later version");
  Event::select(root, [&]<class T>(const T& value)
    requires(Takes<Event, E...>::template has<T>)
  { f(value); });
}

// When the fact happened, as reports show it: nothing if no source said so.
inline std::optional<Timestamp> known_time(const RecordedEvent& event) {
  if (event.precision == Precision::UNKNOWN || event.precision == Precision::ALWAYS) return std::nullopt;
  return event.occurred_at;
}

// A view: rows (a struct of Tables with each_table), and a total `apply`: no clock, no lookups outside the view's rows, no
// floating point.
template <class V>
concept View = requires(V v, const RecordedEvent& event) {
  { V::kName } -> std::convertible_to<std::string_view>;
  { V::kVersion } -> std::convertible_to<std::uint32_t>;
  { v.rows };
  { v.apply(event) } -> std::same_as<void>;
};

struct FolderOptions {
  std::size_t batch_events_max = 8'192;
  std::size_t cached_rows_max = Batch::kCachedRowsMax;
  RowChanges* changes = nullptr;  // told of the rows that change; borrowed
};

// kCorrupt "event.unknown_type" or "event.damaged".
Error unreadable_event(const RecordedEvent& event, bool unknown_type);

// Folds events into a view's rows; the same for live, rebuild, Kafka, as-of and tests: they differ in the store and in who
// calls. One thread. An error leaves the store at its last commit: drop the folder. After "event.unknown_type" alone folding may go on,
// as after pass().
class Folder {
 public:
  virtual ~Folder() = default;
  // Of the last event folded, committed or not.
  virtual Position position() const = 0;
  // One event. One that was folded before is passed over; kCorrupt "view.gap" if one before it is missing, "event.damaged"
  // if it cannot be read, "event.unknown_type" if it is of a type that this version of the program does not know, of an aggregate
  // that the view takes; "view.damaged" if a row cannot be read.
  virtual Result<void> fold(const RecordedEvent& event) = 0;
  // As-of: leaves out what was not yet the case at t. Positions may have gaps.
  virtual Result<void> fold_as_of(Timestamp t, const RecordedEvent& event) = 0;
  // As fold, of an event that is for another share of the view or cannot be read: the position goes on, the rows stay.
  virtual Result<void> pass(const RecordedEvent& event) = 0;
  // Writes what is pending. Folding commits by itself every batch_events_max events.
  virtual Result<void> commit() = 0;
};

template <View V>
class FolderOf final : public Folder {
 public:
  explicit FolderOf(RowStore& store, const FolderOptions& options = {})
      : batch_(store, options.cached_rows_max, options.changes), view_{typename V::Rows(batch_)}, batch_events_max_(options.batch_events_max) {}

  Position position() const override { return batch_.now(); }
  Result<void> fold(const RecordedEvent& event) override {
    if (event.position <= position()) return {};  // delivered again
    if (event.position.value != position().value + 1) return gap(position(), event.position);
    return take(event);
  }
  Result<void> fold_as_of(Timestamp t, const RecordedEvent& event) override {
    if (event.holds_at(t)) return take(event);
    batch_.begin(event);  // passed over, so that the checkpoint says how far the log was read
    return counted();
  }
  Result<void> pass(const RecordedEvent& event) override {
    if (event.position <= position()) return {};
    if (event.position.value != position().value + 1) return gap(position(), event.position);
    batch_.begin(event);
    return counted();
  }
  Result<void> commit() override {
    if (!pending_) return {};
    view_.rows.each_table([](auto& table) { table.write_back(); });
    pending_ = 0;
    return batch_.commit();
  }

 private:
  static Error gap(Position have, Position got) {
    return {.code = ErrorCode::kCorrupt,
            .reason = "view.gap",
            .message = "position " + std::to_string(got.value) + " follows " + std::to_string(have.value)};
  }
  Result<void> take(const RecordedEvent& event) {
    batch_.begin(event);
    try {
      view_.apply(event);
    } catch (const kj::Exception& e) {  // Cap'n Proto checks lazily, so the whole read is inside
      const bool unknown_type = e.getType() == kj::Exception::Type::UNIMPLEMENTED;
      if (unknown_type) ++pending_;
      return unreadable_event(event, unknown_type);
    }
    return counted();
  }
  Result<void> counted() {
    if (++pending_ < batch_events_max_) return {};
    return commit();
  }

  Batch batch_;
  V view_;
  const std::size_t batch_events_max_;
  std::size_t pending_ = 0;
};

// Names and types of all rows of a view: what its store remembers.
template <View V>
std::string declaration_of() {
  NoRowStore none;
  Batch batch(none);
  typename V::Rows rows(batch);
  std::string out;
  rows.each_table([&](auto& table) { out += declaration<typename std::remove_cvref_t<decltype(table)>::RowType>(); });
  return out;
}

}  // namespace rapport::projections
