#include "projections/fold_log.h"

#include <algorithm>

namespace rapport::projections {
namespace {

// Larger than live ones: a row that changes often within a batch is then written once.
constexpr FolderOptions kBulk{.batch_events_max = 32'768, .cached_rows_max = Batch::kCachedRowsMax};
constexpr std::uint64_t kProgressEvents = 16'384;

Error differs(const ViewType& type, const std::string& what) {
  return {.code = ErrorCode::kCorrupt,
          .reason = "view.differs",
          .message = "view " + type.name + " is not what the log says: " + what,
          .hint = "rapport rebuild " + type.name};
}

std::string shown(std::string_view key) {
  std::string out;
  for (char c : key) out += c >= ' ' && c < 127 ? c : '.';
  return out;
}

struct FamilyBytes {
  Hash digest{};
  std::uint64_t count = 0;
};
Result<FamilyBytes> bytes_of(const RowSnapshot& snapshot, RowSnapshot::Family family) {
  Sha256 sha;
  FamilyBytes out;
  auto scanned = snapshot.scan_stored(family, [&](std::string_view key, std::string_view stored) {
    ++out.count;
    sha.add_framed(key);
    sha.add_framed(stored);
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  out.digest = sha.finish();
  return out;
}

// The first row that the two tell differently, for a person; empty if rows as such agree.
Result<std::string> first_difference(const RowSnapshot& kept, const RowSnapshot& fresh) {
  std::string found, body;
  std::optional<Error> failed;
  auto look = [&](const RowSnapshot& other, std::string_view key, std::string_view stored) {
    auto got = other.get(key, kNow, body);
    if (!got) failed = std::move(got).error();
    else if ((*got ? body : std::string()) != StoredRow::parse(stored).body) found = shown(key);
    return !failed && found.empty();
  };
  for (auto [from, to] : {std::pair(&fresh, &kept), std::pair(&kept, &fresh)}) {
    auto scanned = from->scan_stored(RowSnapshot::Family::kRows,
                                     [&, o = to](std::string_view key, std::string_view stored) { return look(*o, key, stored); });
    if (failed) return *failed;
    if (!scanned) return std::move(scanned).error();
    if (!found.empty()) break;
  }
  return found;
}

}  // namespace

Error stopped(std::string_view view) {
  return {.code = ErrorCode::kUnavailable,
          .reason = "view.stopped",
          .message = "folding view " + std::string(view) + " was stopped"};
}

ScratchStore::~ScratchStore() {
  store_.reset();
  if (!kept_) static_cast<void>(stores_.drop(name_).has_value());  // left over, it is dropped at the next open
}
Result<void> ScratchStore::open(const ViewType& type, StoreUse use) {
  auto store = stores_.open(name_, type.declaration, use);
  if (!store) return std::move(store).error();
  store_ = std::move(*store);
  return {};
}
void ScratchStore::keep() {
  store_.reset();
  kept_ = true;
}

Result<void> fold_log(const ViewType& type, const EventStore& log, RowStore& store, Position target,
                      std::optional<Timestamp> as_of, const ProgressCall& progress, const std::stop_token& stop) {
  auto folder = type.make_folder(store, kBulk);
  const auto from = folder->position();
  auto reader = log.read({.from = {from.value + 1}, .to = target});
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event || (*event)->position > target) break;
    auto folded = as_of ? folder->fold_as_of(*as_of, **event) : folder->fold(**event);
    if (!folded) return folded;
    if ((*event)->position.value % kProgressEvents) continue;
    if (stop.stop_requested()) return stopped(type.name);
    if (progress) progress({type.name, from, (*event)->position, target});
  }
  if (auto done = folder->commit(); !done) return done;
  // The end is told of, too: a short log is folded before there is anything else to tell.
  if (progress && folder->position() > from) progress({type.name, from, folder->position(), folder->position()});
  return {};
}

Result<void> compare_stores(const ViewType& type, const RowStore& kept, const RowStore& fresh) {
  auto a = kept.snapshot(), b = fresh.snapshot();
  if (!a) return std::move(a).error();
  if (!b) return std::move(b).error();
  for (auto family : {RowSnapshot::Family::kRows, RowSnapshot::Family::kHistory}) {
    auto x = bytes_of(**a, family), y = bytes_of(**b, family);
    if (!x) return std::move(x).error();
    if (!y) return std::move(y).error();
    if (x->digest == y->digest && x->count == y->count) continue;
    auto row = first_difference(**a, **b);
    if (!row) return std::move(row).error();
    if (!row->empty()) return differs(type, "row " + *row);
    return differs(type, family == RowSnapshot::Family::kRows ? "when rows were written" : "past versions of rows");
  }
  if ((*a)->checkpoint() != (*b)->checkpoint()) return differs(type, "its checkpoint");
  return {};
}

}  // namespace rapport::projections
