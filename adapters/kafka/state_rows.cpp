// Which rows a round of StateSession publishes.
#include <set>

#include "adapters/kafka/state_session.h"
#include "adapters/kafka/topic_keys.h"
#include "eventstore/event_store.h"
#include "eventstore/subject_keys.h"

namespace rapport::kafka {
namespace {

constexpr std::size_t kRowsLent = 1'000;
constexpr std::string_view kErasure = "dataSubject.subjectKeyDestroyed";

}  // namespace

Result<void> StateSession::publish(Lane& lane) {
  // Read before the rows are: they are of this position or a later one.
  const auto to = lane.view->position();
  lane.underway = lane.position;
  auto& changes = lane.view->changes();
  if (lane.begun && to == lane.position) return {};
  auto erased = erasures(lane, to);
  if (!erased) return erased.error();
  if (!*erased) return {};
  auto changed = changes.take();
  if (changed.replaced) {
    auto edition = lane.view->edition();
    if (!edition) return edition.error();
    lane.edition = std::move(*edition);
    lane.anew = true;
    lane.begun = false;
    save();  // also for a session after this one
  }
  Result<void> done;
  if (lane.anew) done = publish_all(lane);
  else if (!lane.begun || changed.all || **erased) done = publish_changed(lane, **erased);
  else done = publish_keys(lane, changed.keys);
  if (!done || !usable()) return done;
  lane.begun = true;
  lane.anew = false;
  lane.underway = to;
  return {};
}

// The register of erasures is written after the event: until then the rows could still be read, and would be published so.
Result<std::optional<bool>> StateSession::erasures(const Lane& lane, Position to) const {
  auto reader = sources_.log.read({.from = {lane.position.value + 1}, .to = to, .filter = Term::type(kErasure)});
  bool any = false;
  for (;;) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) return std::optional(any);
    any = true;
    if ((*event)->position > sources_.keys.erased_up_to()) return std::optional<bool>();
  }
}

Result<void> StateSession::each_row(
    Lane& lane, const std::function<Result<void>(std::string_view key, projections::StoredRow)>& f) const {
  for (const auto& [table, published] : lane.tables) {
    for (std::string after(1, table);;) {
      StoredRows lent;
      auto looked = lane.view->with_rows([&](const projections::RowSnapshot& rows) {
        return rows.scan_stored(projections::RowSnapshot::Family::kRows, after, [&](std::string_view key, std::string_view stored) {
          if (key[0] != table) return false;
          lent.emplace_back(key, stored);
          return lent.size() < kRowsLent;
        });
      });
      if (!looked) return looked;
      for (const auto& [key, stored] : lent)
        if (auto done = f(key, projections::StoredRow::parse(stored)); !done || !usable()) return done;
      if (lent.size() < kRowsLent) break;
      after = lent.back().first;
    }
  }
  return {};
}

Result<void> StateSession::write(Lane& lane, std::string_view key, projections::StoredRow stored) {
  auto& [rows, decoder] = lane.tables.at(key[0]);
  return lane.record->write(*rows, *decoder, key, stored);
}

Result<void> StateSession::publish_all(Lane& lane) {
  std::set<std::string> published;
  auto done = each_row(lane, [&](std::string_view key, projections::StoredRow stored) -> Result<void> {
    if (stored.body.empty()) return {};
    if (auto written = write(lane, key, stored); !written || !lane.record->value()) return written;
    published.emplace(lane.record->key());
    return send(lane);
  });
  if (!done || !usable()) return done;
  auto there = live_keys(sources_.options.connection, lane.name, static_cast<std::int32_t>(lane.ends.size()), stop_);
  if (!there) return there.error();
  for (const auto& name : *there) {
    if (published.contains(name)) continue;
    lane.record->write_gone(name);
    if (auto sent = send(lane); !sent || !usable()) return sent;
  }
  return {};
}

Result<void> StateSession::publish_changed(Lane& lane, bool erasures) {
  return each_row(lane, [&](std::string_view key, projections::StoredRow stored) -> Result<void> {
    const bool changed = stored.since > lane.position;
    if (!changed && !erasures) return {};
    if (auto written = write(lane, key, stored); !written) return written;
    return changed || lane.record->erased() ? send(lane) : Result<void>();
  });
}

Result<void> StateSession::publish_keys(Lane& lane, const std::vector<std::string>& keys) {
  StoredRows lent;
  for (std::size_t at = 0; at < keys.size(); at += kRowsLent) {
    lent.clear();
    auto looked = lane.view->with_rows([&](const projections::RowSnapshot& rows) -> Result<void> {
      for (std::size_t i = at; i < std::min(at + kRowsLent, keys.size()); ++i) {
        auto& [key, stored] = lent.emplace_back(keys[i], "");
        if (auto got = rows.get_stored(key, stored); !got) return got;
      }
      return {};
    });
    if (!looked) return looked;
    for (const auto& [key, stored] : lent) {
      if (stored.empty()) continue;
      if (auto written = write(lane, key, projections::StoredRow::parse(stored)); !written) return written;
      if (auto sent = send(lane); !sent || !usable()) return sent;
    }
  }
  return {};
}

}  // namespace rapport::kafka
