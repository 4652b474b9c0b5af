#include "eventstore/rocks/restore.h"

#include "eventstore/rocks/frame_chain.h"
#include "eventstore/rocks/log_batch.h"
#include "eventstore/rocks/log_writer.h"
#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

constexpr std::size_t kBatchBytes = 4u << 20, kCacheBytes = 8u << 20;
constexpr std::uint64_t kProgressEvery = 4096;  // events

// The frame's first `count` events as a frame of their own, at the end of a commit group.
Result<kj::Array<capnp::word>> cut_frame(Frame& frame, std::size_t count) {
  std::vector<FrameCommand> commands;
  std::size_t named = 0;
  for (auto command : frame.commands()) {
    if (named == count) break;
    command.events = static_cast<std::uint16_t>(std::min<std::size_t>(command.events, count - named));
    named += command.events;
    commands.push_back(command);
  }
  std::vector<StoredBytes> events;
  for (std::size_t i = 0; i < count; ++i) {
    auto event = frame.event(i);
    if (!event) return event.error();
    events.push_back({(*event)->head, (*event)->salt, (*event)->metadata_bytes, (*event)->payload});
  }
  return encode_frame({frame.first(), frame.committed_at(), frame.previous_root(), true, events, commands});
}

class Restoring final {
 public:
  Restoring(const BackupManifest& manifest, Position until, std::unique_ptr<LogDatabase> database)
      : manifest_(manifest), until_(until), database_(std::move(database)) {}

  // False: the log is as long as it was asked for.
  Result<bool> add(Bytes bytes) {
    auto added = chain_.add(bytes);
    if (!added) return added.error();
    auto& frame = **added;
    if (auto points = check_points(); !points) return points.error();
    bool last = frame.last() >= until_;
    auto cut = last && (frame.last() > until_ || !frame.ends_group());
    if (!cut) {
      put(Family::kLog, frame.first(), text_of(bytes));
    } else {
      auto shorter = cut_frame(frame, until_.value - frame.first().value + 1);
      if (!shorter) return shorter.error();
      put(Family::kLog, frame.first(), text_of(bytes_of(Words(shorter->begin(), shorter->size()))));
    }
    if (auto ended = end_frame(frame, last); !ended) return ended.error();
    return !last;
  }

  Result<Head> finish(const std::filesystem::path& store) {
    rocksdb::WriteOptions options;
    options.disableWAL = true;  // what is not flushed is not renamed into place either
    auto status = database_->log().Put(options, (*database_)[Family::kDefault], kStoreKey, manifest_.store.store);
    if (!status.ok()) return from_status(status, "cannot write the store's id");
    if (auto written = write(); !written) return written.error();
    if (auto closed = database_->close(); !closed) return closed.error();
    auto witness = SlotFile::create(store / "witness", witness_form());
    if (!witness) return witness.error();
    if (head_.position.value > 0)
      if (auto written = (*witness)->write(witness_value(head_)); !written) return written.error();
    if (auto synced = (*witness)->sync(); !synced) return synced.error();
    return head_;
  }

  std::uint64_t done() const { return chain_.tree().size(); }

 private:
  void put(Family family, Position key, std::string_view value) {
    auto status = batch_.Put((*database_)[family], log_key(key), value);
    if (status_.ok()) status_ = status;
  }

  // Edges are kept at ends of commit groups only, about every kEdgeEvery events.
  Result<void> end_frame(Frame& frame, bool last) {
    for (std::size_t i = 0; i < frame.size() && tree_.size() < until_.value; ++i) {
      auto bytes = frame.head(i);
      if (!bytes) return bytes.error();
      auto head = decode_head(*bytes);
      tree_.add(leaf_hash(*bytes));
      head_ = {head->position, {}, head->recorded_at};
    }
    if ((frame.ends_group() || last) && group_began_ / kEdgeEvery != tree_.size() / kEdgeEvery)
      put(Family::kTree, {tree_.size()}, tree_.edge());
    if (frame.ends_group() || last) group_began_ = tree_.size();
    head_.root = tree_.root();
    return batch_.GetDataSize() >= kBatchBytes || last ? write() : Result<void>();
  }

  Result<void> write() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    if (status_.ok()) status_ = database_->log().Write(options, &batch_);
    batch_.Clear();
    if (!status_.ok()) return from_status(status_, "cannot write the log");
    return {};
  }

  Result<void> check_points() {
    for (; point_ < manifest_.points.size(); ++point_) {
      const auto& said = manifest_.points[point_].head;
      if (said.position.value > chain_.tree().size()) return {};
      if (auto root = chain_.root_at(said.position); said.position.value > 0 && root != said.root)
        return backup_damaged("the root at position " + std::to_string(said.position.value) + " is not that of its point");
    }
    return {};
  }

  const BackupManifest& manifest_;
  const Position until_;
  const std::unique_ptr<LogDatabase> database_;
  rocksdb::WriteBatch batch_{0, 0, kProtectionBytesPerKey, 0};
  rocksdb::Status status_;
  FrameChain chain_;  // of what was read
  MerkleTree tree_;   // of what is kept: a frame may be cut
  Head head_{{}, sha256({}), {0}};
  std::uint64_t group_began_ = 0;
  std::size_t point_ = 0;
};

}  // namespace

Result<Head> restore_log(const std::filesystem::path& backup, const BackupManifest& manifest, Position until,
                         const std::filesystem::path& store, const VerifyProgress& progress) {
  auto database = LogDatabase::open(store, {.create = true, .cache_bytes = kCacheBytes});
  if (!database) return database.error();
  Restoring restoring(manifest, until, std::move(*database));
  std::uint64_t told = 0;
  auto walked = until.value == 0 ? Result<void>() : BackupLog(backup, manifest).each([&](Bytes bytes) -> Result<bool> {
    auto more = restoring.add(bytes);
    if (!more || !*more || !progress || restoring.done() - told < kProgressEvery) return more;
    told = restoring.done();
    if (!progress(told, until.value))
      return Error{ErrorCode::kUnavailable, "restore.stopped", "restoring was stopped; nothing is left of it"};
    return more;
  });
  if (!walked) return walked.error();
  auto head = restoring.finish(store);
  if (head && head->position != until) return backup_damaged("its log ends before position " + std::to_string(until.value));
  if (head && progress) progress(until.value, until.value);
  return head;
}

}  // namespace rapport
