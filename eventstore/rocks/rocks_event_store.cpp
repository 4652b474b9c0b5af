#include "eventstore/rocks/rocks_event_store.h"

#include "eventstore/rocks/acceptances.h"
#include "eventstore/rocks/group_commit.h"
#include "eventstore/rocks/log_writer.h"
#include "eventstore/rocks/rocks_reader.h"
#include "eventstore/rocks/rocks_status.h"
#include "eventstore/rocks/slot_file.h"
#include "eventstore/rocks/whole_tiles.h"

namespace rapport {
namespace {

const SystemClock kSystemClock;

constexpr const char* kAcceptOrRestore = "restore a backup; or `rapport verify --accept lost-tail` goes on with what is there";

Error tail_lost(const Head& recovered, const Head& witnessed, const char* how) {
  return {ErrorCode::kCorrupt, "store.tail_lost",
          "the log " + std::string(how) + " position " + std::to_string(recovered.position.value) +
              ", but position " + std::to_string(witnessed.position.value) + " was acknowledged",
          {}, {}, "restore a backup; or `rapport verify --accept lost-tail` goes on with what is left"};
}

// What one database says about whose it is; written at the first open, and where an accepted loss took it away.
Result<void> check_store_id(const LogDatabase& database, const std::string& store_id) {
  std::string value;
  auto status = database.log().Get({}, database[Family::kDefault], kStoreKey, &value);
  if (status.IsNotFound()) {
    rocksdb::WriteOptions options;
    options.sync = true;
    status = database.log().Put(options, database[Family::kDefault], kStoreKey, store_id);
    if (!status.ok()) return from_status(status, "cannot write the store's id");
    return {};
  }
  if (!status.ok()) return from_status(status, "cannot read the store's id");
  if (value == store_id) return {};
  return Error{ErrorCode::kCorrupt, "store.damaged", "log/ belongs to another store than rapport.json", {}, {},
               "restore both from one backup"};
}

}  // namespace

class RocksEventStore::Impl final {
 public:
  Impl(StoreDirectory& directory, std::unique_ptr<LogDatabase> database, std::unique_ptr<SlotFile> witness,
       std::size_t unsettled_events)
      : directory_(directory), database_(std::move(database)), index_(*database_, unsettled_events), log_(*database_, index_),
        witness_(std::move(witness)), witness_damage_(witness_->damage()) {}

  Result<void> start(const RocksStoreOptions& options);
  void close();
  // Whether every event of a command is committed.
  bool committed(Position first, std::size_t events) const { return first.value + events - 1 <= committed_.position().value; }

  StoreDirectory& directory_;
  const std::unique_ptr<LogDatabase> database_;
  LogIndex index_;
  WholeTiles whole_tiles_;
  const StoredLog log_;
  const std::unique_ptr<SlotFile> witness_;
  const std::string witness_damage_;
  CommittedHead committed_;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<GroupCommit> commit_;

 private:
  Result<void> compare_with_witness(const Head& recovered) const;
  // Up to when the log may be ahead of the clock.
  Result<Timestamp> accept_clock(bool now_too, const Clock& clock, const Head& end) const;
};

// The recovered log must go at least as far as the witness, over the same events.
Result<void> RocksEventStore::Impl::compare_with_witness(const Head& recovered) const {
  if (witness_->value().empty()) {
    if (recovered.position.value == 0 || witness_->damage().empty()) return {};
    return Error{ErrorCode::kCorrupt, "store.witness_damaged", "no slot of the witness is whole", {}, {},
                 kAcceptOrRestore};
  }
  auto witnessed = witnessed_head(witness_->value());
  if (recovered.position < witnessed.position) return tail_lost(recovered, witnessed, "ends at");
  auto tree = log_.tree_at(witnessed.position);
  if (!tree) return tree.error();
  if (tree->root() != witnessed.root) return tail_lost(recovered, witnessed, "has other events up to");
  return {};
}

Result<Timestamp> RocksEventStore::Impl::accept_clock(bool now_too, const Clock& clock, const Head& end) const {
  auto accepted = read_acceptances(directory_.path());
  if (!accepted) return accepted.error();
  if (!now_too || end.recorded_at <= clock.now()) return accepted->clock_until;
  if (auto kept = record_accepted_clock(directory_.path(), clock.now(), end.recorded_at); !kept) return kept.error();
  return end.recorded_at;
}

Result<void> RocksEventStore::Impl::start(const RocksStoreOptions& options) {
  auto end = StoredLog::recover(*database_);
  if (!end) return end.error();
  const Clock& clock = options.clock ? *options.clock : kSystemClock;
  if (auto same = compare_with_witness(end->head); !same) {
    auto lost = same.error().reason == "store.tail_lost" || same.error().reason == "store.witness_damaged";
    if (!lost || !options.accept_lost_tail) return same;
    auto witnessed = witness_->value().empty() ? Head() : witnessed_head(witness_->value());
    if (auto kept = record_accepted_loss(directory_.path(), clock.now(), end->head, witnessed); !kept) return kept;
  }
  auto accepted = accept_clock(options.accept_clock, clock, end->head);
  if (!accepted) return accepted.error();
  if (auto ours = check_store_id(*database_, directory_.store_id()); !ours) return ours;
  if (auto indexed = index_.recover(end->head.position); !indexed) return indexed;
  committed_.publish(end->head);
  writer_ = std::make_unique<LogWriter>(*database_, log_, index_, *witness_, clock, std::move(*end), committed_);
  writer_->accept_ahead(*accepted);
  commit_ = std::make_unique<GroupCommit>(*writer_, options.sync_apart_bytes);
  if (options.accept_lost_tail) {
    if (auto written = witness_->write(witness_value(committed_.get())); !written) return written;
    if (auto synced = witness_->sync(); !synced) return synced;
  }
  return {};
}

void RocksEventStore::Impl::close() {
  if (!writer_) return;
  auto synced = witness_->sync();
  auto settled = directory_.read_only() ? Result<void>() : index_.settle();
  auto closed = database_->close();
  if (!writer_->stopped() && synced && settled && closed) directory_.part_closed();
}

Result<std::unique_ptr<RocksEventStore>> RocksEventStore::open(StoreDirectory& directory, const RocksStoreOptions& options) {
  auto witness_path = directory.path() / "witness";
  auto witness = SlotFile::open(witness_path, witness_form());
  // The witness is made after the log: without it the first open was cut off, or somebody took it away.
  auto fresh = !witness && witness.error().code == ErrorCode::kNotFound;
  if (!witness && !fresh) return witness.error();
  directory.part_opened();  // an open that fails on the way leaves files that nobody synced
  auto database = LogDatabase::open(
      directory.path(), {fresh, directory.read_only(), !directory.index_whole(), options.cache_bytes, options.env});
  if (!database) return database.error();
  if (fresh) {
    auto end = StoredLog::recover(**database);
    if (!end) return end.error();
    if (end->head.position.value > 0 && !options.accept_lost_tail)
      return Error{ErrorCode::kCorrupt, "store.witness_damaged", witness_path.string() + " is missing", {}, {},
                   kAcceptOrRestore};
    if (end->head.position.value > 0) {
      const Clock& clock = options.clock ? *options.clock : kSystemClock;
      if (auto kept = record_accepted_loss(directory.path(), clock.now(), end->head, {}); !kept) return kept.error();
    }
    witness = SlotFile::create(witness_path, witness_form());
    if (!witness) return witness.error();
  }
  auto impl = std::make_unique<Impl>(directory, std::move(*database), std::move(*witness), options.unsettled_events);
  if (auto started = impl->start(options); !started) return started.error();
  return std::unique_ptr<RocksEventStore>(new RocksEventStore(std::move(impl)));
}

RocksEventStore::RocksEventStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksEventStore::~RocksEventStore() { impl_->close(); }

Result<std::vector<AppendOutcome>> RocksEventStore::append(std::span<const Append> appends) {
  if (impl_->directory_.read_only())
    return Error{ErrorCode::kUnavailable, "store.read_only", "the store was opened for reading"};
  auto prepared = prepare(appends);
  if (!prepared) return prepared.error();
  return impl_->commit_->append(*prepared);
}

Result<std::optional<StoredOutcome>> RocksEventStore::find(const CommandId& command) const {
  auto kept = impl_->log_.kept_command(command);
  if (!kept) return kept.error();
  if (!*kept || !impl_->committed((*kept)->first, (*kept)->events)) return std::optional<StoredOutcome>();
  auto outcome = impl_->log_.kept_outcome((*kept)->first, (*kept)->events);
  if (!outcome) return outcome.error();
  outcome->request = (*kept)->request;
  return std::optional(std::move(*outcome));
}

Result<std::optional<Position>> RocksEventStore::find(const EventId& event) const {
  auto entry = impl_->index_.command(command_of(event));
  if (!entry) return entry.error();
  if (!*entry || event.ordinal >= (*entry)->events) return std::optional<Position>();
  if (!impl_->committed((*entry)->first, (*entry)->events)) return std::optional<Position>();
  return std::optional(Position{(*entry)->first.value + event.ordinal});
}

Head RocksEventStore::head() const { return impl_->committed_.get(); }

Result<Hash> RocksEventStore::root_at(Position position) const {
  auto head = impl_->committed_.get();
  if (position > head.position) return past_head(position);
  if (position == head.position) return head.root;
  auto tree = impl_->log_.tree_at(position);
  if (!tree) return tree.error();
  return tree->root();
}

Result<std::vector<Hash>> RocksEventStore::tile(TileId tile, unsigned width) const {
  if (width > tile_width(tile, impl_->committed_.position().value)) return past_head({leaves_needed(tile, width)});
  return impl_->index_.tile(tile, width);
}

Result<Hash> RocksEventStore::subtree(unsigned height, std::uint64_t index) const {
  const auto row = height % kTileHeight;
  const TileId tile{height / kTileHeight, index >> (kTileHeight - row)};
  if (tile_width(tile, impl_->committed_.position().value) < kTileHashes) return Tiles::subtree(height, index);
  return impl_->whole_tiles_.hash(tile, row, index & ((kTileHashes >> row) - 1),
                                  [&](TileId whole) { return impl_->index_.whole_tile(whole); });
}

// By halves: recordedAt grows with the position.
Result<Position> RocksEventStore::position_at(Timestamp t) const {
  FrameCursor cursor(*impl_->database_);
  std::uint64_t before = 0, after = impl_->committed_.position().value + 1;  // recorded at or before t; later
  while (after - before > 1) {
    Position middle{before + (after - before) / 2};
    auto event = cursor.event(middle);
    if (!event) return event.error();
    ((*event)->recorded_at <= t ? before : after) = middle.value;
  }
  return Position{before};
}

Result<StreamVersion> RocksEventStore::version_of(std::string_view stream) const { return impl_->log_.kept_version(stream); }

StoreFacts RocksEventStore::facts() const {
  StoreFacts facts;
  facts.origin = impl_->directory_.origin();
  facts.streams = impl_->index_.streams();
  auto head = impl_->committed_.get();
  facts.last_recorded_at = head.recorded_at;
  if (head.position.value == 0) return facts;
  FrameCursor cursor(*impl_->database_);
  auto first = cursor.event({1});
  if (first) facts.first_recorded_at = (*first)->recorded_at;
  return facts;
}

std::unique_ptr<EventReader> RocksEventStore::read(const ReadQuery& query) const {
  return std::make_unique<RocksReader>(*impl_->database_, impl_->index_, impl_->committed_, query);
}

bool RocksEventStore::wait_past(Position position, std::chrono::milliseconds timeout_ms, std::stop_token stop) const {
  return impl_->committed_.wait_past(position, timeout_ms, std::move(stop));
}

Result<void> RocksEventStore::health() const { return impl_->writer_->stopped() ? Result<void>(store_stopped()) : Result<void>(); }

void RocksEventStore::accept_clock() {
  impl_->commit_->between_groups([](LogWriter& writer) { writer.accept_clock(); });
}

const LogDatabase& RocksEventStore::database() const { return *impl_->database_; }
Result<void> RocksEventStore::settle() const { return impl_->directory_.read_only() ? Result<void>() : impl_->index_.settle(); }
const StoreDirectory& RocksEventStore::directory() const { return impl_->directory_; }
const std::string& RocksEventStore::witness_damage() const { return impl_->witness_damage_; }

}  // namespace rapport
