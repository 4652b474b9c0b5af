#include "eventstore/rocks/verify_store.h"

#include <cstring>
#include <utility>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/rocks/frame_cursor.h"
#include "eventstore/rocks/index_positions.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/tile_entries.h"

namespace rapport {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;  // events

// A set of index entries as one number, whatever their order: so that log and index are compared by one scan of each.
class EntrySum final {
 public:
  void add(std::string_view name, std::uint64_t a, std::uint64_t b) {
    std::uint8_t numbers[16];
    put_be<8>(a, numbers);
    put_be<8>(b, numbers + 8);
    auto hash = sha256({bytes_of(name), numbers});
    std::uint64_t parts[2];
    std::memcpy(parts, hash.data(), sizeof parts);
    low_ += parts[0];
    high_ += parts[1];
    ++count_;
  }
  bool operator==(const EntrySum&) const = default;

 private:
  std::uint64_t count_ = 0, low_ = 0, high_ = 0;
};

class Verification final {
 public:
  Verification(const RocksEventStore& store, const VerifyProgress& progress)
      : store_(store), database_(store.database()), head_(store.head()), progress_(progress) {}

  // Each keeps the first thing that does not hold in report().
  void walk_log();
  void compare_indexes();
  void check_files();
  VerifyReport& report() { return report_; }
  bool stopped() const { return stopped_; }
  bool ok() const { return report_.ok; }
  void fail(Position position, std::string what) {
    if (!report_.ok) return;
    report_.ok = false;
    report_.position = position;
    report_.what = std::move(what);
  }

 private:
  bool check_frame(Frame& frame);
  bool check_event(const RecordedEvent& event, const FrameCommand& command);
  bool check_edges();
  void add_to_tiles(const Hash& hash, unsigned level);
  void check_tile(unsigned level);
  void end_command();
  void add_term(const Term& term, Position position) { terms_.add(Term::key(term.kind, term.value), 0, position.value); }
  void scan(Family family, const std::function<void(std::string_view key, std::string_view value)>& entry);
  void compare_streams();
  void compare_commands();
  void compare_terms();

  const RocksEventStore& store_;
  const LogDatabase& database_;
  const Head head_;
  const VerifyProgress& progress_;
  VerifyReport report_;
  MerkleTree tree_;
  struct Tile {
    std::uint64_t n = 0;
    std::vector<Hash> hashes;
  };
  std::array<Tile, kTileLevelsMax> tiles_;  // of each level the one that is being filled
  std::unique_ptr<rocksdb::Iterator> edges_;
  Timestamp last_recorded_{0};
  bool group_ended_ = true, stopped_ = false;
  struct {
    CommandId id;
    std::uint64_t first = 0, events = 0;
  } command_;  // the one that the walk is in; events 0: none yet
  EntrySum streams_, commands_, terms_;
};

bool Verification::check_event(const RecordedEvent& event, const FrameCommand& command) {
  auto bad = [&](const char* what) {
    fail(event.position, what);
    return false;
  };
  if (!digest_holds(event)) return bad("salt, metadata or payload are not those of the digest");
  if (event.recorded_at <= last_recorded_) return bad("recordedAt does not grow");
  if (event.command != command.id) return bad("the frame names another command");
  if (event.command != command_.id || command_.events == 0) {
    end_command();
    command_ = {event.command, event.position.value, 0};
  }
  if (event.ordinal != command_.events) return bad("its ordinal does not follow");
  ++command_.events;
  last_recorded_ = event.recorded_at;
  streams_.add(stream_name(event.stream_type, event.stream_id), event.version.value, event.position.value);
  add_term(Term::type(event.type), event.position);
  add_term(Term::category(event.stream_type), event.position);
  for (const auto& term : further_terms(event.metadata, event.command)) add_term(term, event.position);
  tree_.add(event.leaf);
  add_to_tiles(event.leaf, 0);
  return true;
}

void Verification::add_to_tiles(const Hash& hash, unsigned level) {
  auto& tile = tiles_[level];
  tile.hashes.push_back(hash);
  if (tile.hashes.size() < kTileHashes) return;
  check_tile(level);
  add_to_tiles(full_tree_head(std::exchange(tile.hashes, {})), level + 1);
  ++tile.n;
}

void Verification::check_tile(unsigned level) {
  const auto& tile = tiles_[level];
  auto width = static_cast<unsigned>(tile.hashes.size());
  if (width == 0) return;
  TileId id{level, tile.n};
  auto kept = store_.tile(id, width);  // settles it
  if (!kept) return fail({}, kept.error().message);
  auto holds = *kept == tile.hashes;
  if (width == kTileHashes && holds) {
    auto whole = read_whole_tile(database_, id);
    if (!whole) return fail({}, whole.error().message);
    holds = *whole == with_middle_row(tile.hashes);
  }
  if (!holds) fail({leaves_needed(id, width)}, to_text(TilePath{id}) + " is not that of the leaves");
}

void Verification::end_command() {
  if (command_.events > 0) commands_.add(text_of(command_.id.bytes), command_.first, command_.events);
}

// The kept edges at sizes that the walk has reached.
bool Verification::check_edges() {
  for (; edges_->Valid() && position_of(edges_->key()).value <= tree_.size(); edges_->Next()) {
    if (position_of(edges_->key()).value == tree_.size() && edges_->value().ToStringView() == tree_.edge()) continue;
    fail(position_of(edges_->key()), "the kept edge of the tree is not that of the leaves");
    return false;
  }
  return true;
}

bool Verification::check_frame(Frame& frame) {
  if (frame.previous_root() != tree_.root()) {
    fail(frame.first(), "the frame's previous root is not the root of the events before it");
    return false;
  }
  std::size_t index = 0;
  for (const auto& command : frame.commands()) {
    for (std::size_t i = 0; i < command.events; ++i) {
      auto event = frame.event(index++);
      if (!event) {
        fail({frame.first().value + index - 1}, event.error().message);
        return false;
      }
      if (index == 1 && (*event)->recorded_at != frame.committed_at()) {
        fail((*event)->position, "its frame was committed at another time than it was recorded");
        return false;
      }
      if (!check_event(**event, command)) return false;
      if (i == 0 && command.first_ordinal != (*event)->ordinal) {
        fail((*event)->position, "the frame gives its command another first ordinal");
        return false;
      }
    }
  }
  if (index != frame.size()) fail(frame.first(), "the frame has events without a command");
  group_ended_ = frame.ends_group();
  return ok();
}

void Verification::walk_log() {
  edges_ = database_.scan(Family::kTree);
  edges_->SeekToFirst();
  FrameCursor cursor(database_, FrameCursor::Use::kScan);
  std::uint64_t told = 0;
  while (tree_.size() < head_.position.value) {
    Position next{tree_.size() + 1};
    auto frame = cursor.frame(next);
    if (!frame) return fail(next, frame.error().message);
    if ((*frame)->first() != next) return fail(next, "frames overlap");
    if (!check_frame(**frame)) return;
    if (group_ended_ && !check_edges()) return;
    report_.events = tree_.size();
    if (progress_ && report_.events - told >= kProgressEvery) {
      told = report_.events;
      stopped_ = !progress_(told, head_.position.value);
      if (stopped_) return;
    }
  }
  end_command();
  report_.root = tree_.root();
  if (!group_ended_) fail(head_.position, "the last group of the log is not whole");
  if (report_.root != head_.root) fail(head_.position, "the root of all leaves is not the store's");
  if (head_.position.value > 0 && last_recorded_ != head_.recorded_at) fail(head_.position, "the store's last time is another");
  if (progress_) progress_(report_.events, head_.position.value);
}

void Verification::scan(Family family, const std::function<void(std::string_view, std::string_view)>& entry) {
  auto it = database_.scan(family);
  for (it->SeekToFirst(); it->Valid(); it->Next()) entry(it->key().ToStringView(), it->value().ToStringView());
  if (!it->status().ok()) fail({}, from_status(it->status(), "cannot read an index").message);
}

void Verification::compare_streams() {
  EntrySum kept;
  std::uint64_t streams = 0, version = 0;
  std::string stream;
  auto before = store_.facts().streams;
  scan(Family::kStream, [&](std::string_view key, std::string_view value) {
    if (key.size() < 10) return fail({}, "a malformed entry in the index of streams");
    auto block = stream_block(key, value);
    if (block.positions.empty()) return fail({}, "a malformed entry in the index of streams");
    auto name = key.substr(0, key.size() - 9);
    if (name != stream) {
      stream = name;
      version = 0;
    }
    if (block.first.value != version + 1) fail(block.positions.front(), "the versions of its stream have a gap");
    for (auto position : block.positions) {
      ++version;
      if (position > head_.position) continue;
      if (version == 1) ++streams;
      kept.add(name, version, position.value);
    }
  });
  if (ok() && !(kept == streams_)) fail({}, "the index of streams is not that of the log");
  if (ok() && store_.head().position == head_.position && streams != before) fail({}, "the count of streams is wrong");
}

void Verification::compare_commands() {
  EntrySum kept;
  scan(Family::kCommand, [&](std::string_view key, std::string_view value) {
    if (key.size() != sizeof(CommandId) || value.size() != 12) return fail({}, "a malformed entry in the index of commands");
    if (read_be<8>(value) <= head_.position.value) kept.add(key, read_be<8>(value), read_be<4>(value.substr(8)));
  });
  if (ok() && !(kept == commands_)) fail({}, "the index of commands is not that of the log");
}

void Verification::compare_terms() {
  EntrySum kept;
  scan(Family::kTerm, [&](std::string_view key, std::string_view value) {
    if (key.size() < 10 || value.size() % 4 != 0) return fail({}, "a malformed entry in the index of terms");
    for (auto position : block_positions(key, value))
      if (position <= head_.position) kept.add(key.substr(0, key.size() - 9), 0, position.value);
  });
  if (ok() && !(kept == terms_)) fail({}, "the index of terms is not that of the log");
}

void Verification::compare_indexes() {
  for (unsigned level = 0; ok() && level < kTileLevelsMax; ++level) check_tile(level);
  if (auto settled = store_.settle(); !settled) fail({}, settled.error().message);
  if (ok()) compare_streams();
  if (ok()) compare_commands();
  if (ok()) compare_terms();
}

// Table files against the checksums in RocksDB's manifest, bytes that no key lies in included.
void Verification::check_files() {
  for (auto [part, db] : {std::pair("log/", &database_.log()), std::pair("index/", &database_.index())}) {
    auto status = db->VerifyFileChecksums({});
    if (!status.ok()) fail({}, from_status(status, std::string("a table file of ") + part).message);
  }
  if (!store_.witness_damage().empty()) fail({}, store_.witness_damage());
}

}  // namespace

Result<VerifyReport> verify_store(const RocksEventStore& store, const RocksSubjectKeys& keys, const VerifyProgress& progress) {
  Verification verification(store, progress);
  verification.walk_log();
  if (verification.stopped()) return Error{ErrorCode::kUnavailable, "verify.stopped", "verification was stopped before its end"};
  verification.compare_indexes();
  if (verification.ok()) verification.check_files();
  if (verification.ok())
    if (auto held = keys.verify(); !held) verification.fail({}, held.error().message);
  return std::move(verification.report());
}

}  // namespace rapport
