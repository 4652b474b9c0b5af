#include "eventstore/rocks/stored_log.h"

#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

constexpr std::size_t kCommandValueBytes = 12;

Bytes bytes_of(const rocksdb::Slice& slice) { return rapport::bytes_of(std::string_view(slice.data(), slice.size())); }

Error unreadable(Position position, const rocksdb::Status& status) {
  return from_status(status, "cannot read the log at position " + std::to_string(position.value));
}

}  // namespace

bool FrameCursor::seek(Position position) {
  auto next = iterator_ && iterator_->Valid() && frame_.size() > 0 && position.value == frame_.last().value + 1;
  if (next) {
    iterator_->Next();
    if (iterator_->Valid() && position_of(iterator_->key()) == position) return true;
  }
  // An older iterator sees what was there when it was made.
  if (!iterator_ || next) {
    if (use_ == Use::kScan) iterator_ = database_.scan(Family::kLog);
    else iterator_.reset(database_.db().NewIterator({}, database_[Family::kLog]));
  }
  iterator_->SeekForPrev(log_key(position));
  return iterator_->Valid();
}

Result<Frame*> FrameCursor::frame(Position position) {
  if (frame_.has(position)) return &frame_;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (seek(position)) {
      if (auto read = frame_.read(bytes_of(iterator_->value())); !read) return damaged(position, read.error().message);
      if (frame_.first() != position_of(iterator_->key())) return damaged(position, "a frame under another's key");
      if (frame_.has(position)) return &frame_;
    }
    if (!iterator_->status().ok()) return unreadable(position, iterator_->status());
    iterator_.reset();
  }
  return damaged(position, "no frame has it");
}

Result<const RecordedEvent*> FrameCursor::event(Position position) {
  auto found = frame(position);
  if (!found) return found.error();
  return (*found)->event(position.value - (*found)->first().value);
}

Result<StreamVersion> StoredLog::kept_version(std::string_view stream) const {
  auto it = database_.named(Family::kStream);
  auto last = named_key(stream, ~std::uint64_t{0});
  it->SeekForPrev(last);
  if (!it->status().ok()) return from_status(it->status(), "cannot read a stream's version");
  auto prefix = rocksdb::Slice(last.data(), stream.size() + 1);
  if (!it->Valid() || it->key().size() != last.size() || !it->key().starts_with(prefix)) return StreamVersion{};
  return StreamVersion{read_be<8>({it->key().data() + prefix.size(), sizeof(std::uint64_t)})};
}

Result<std::optional<KeptLog::Command>> StoredLog::command_entry(const CommandId& id) const {
  rocksdb::PinnableSlice value;
  auto status = database_.db().Get({}, database_[Family::kCommand], command_key(id), &value);
  if (status.IsNotFound()) return std::optional<Command>();
  if (!status.ok()) return from_status(status, "cannot look a command up");
  if (value.size() != kCommandValueBytes) return damaged({}, "the entry of command " + to_text(id));
  std::string_view entry(value.data(), value.size());
  return std::optional(Command{{read_be<8>(entry)}, read_be<4>(entry.substr(8)), {}});
}

Result<std::optional<KeptLog::Command>> StoredLog::kept_command(const CommandId& id) const {
  auto entry = command_entry(id);
  if (!entry || !*entry) return entry;
  FrameCursor cursor(database_);
  auto frame = cursor.frame((*entry)->first);
  if (!frame) return frame.error();
  for (const auto& command : (*frame)->commands()) {
    if (command.id != id) continue;
    std::copy(command.request.begin(), command.request.end(), (*entry)->request.begin());
    return entry;
  }
  return damaged((*entry)->first, "the frame does not know command " + to_text(id));
}

Result<StoredOutcome> StoredLog::kept_outcome(Position first, std::size_t events) const {
  FrameCursor cursor(database_);
  StoredOutcome outcome;
  for (auto position = first; position.value < first.value + events; ++position.value) {
    auto event = cursor.event(position);
    if (!event) return event.error();
    const auto& e = **event;
    outcome.events.push_back({stream_name(e.stream_type, e.stream_id), std::string(e.type), e.version, position, e.leaf});
  }
  return outcome;
}

Result<MerkleTree> StoredLog::tree_at(Position size) const {
  std::unique_ptr<rocksdb::Iterator> edges(database_.db().NewIterator({}, database_[Family::kTree]));
  edges->SeekForPrev(log_key(size));
  if (!edges->status().ok()) return from_status(edges->status(), "cannot read the tree");
  MerkleTree tree;
  if (edges->Valid()) {
    auto kept = MerkleTree::from_edge(position_of(edges->key()).value, edges->value().ToStringView());
    if (!kept) return damaged(position_of(edges->key()), "the tree's edge");
    tree = *kept;
  }
  FrameCursor cursor(database_, FrameCursor::Use::kScan);
  while (tree.size() < size.value) {
    Position next{tree.size() + 1};
    auto frame = cursor.frame(next);
    if (!frame) return frame.error();
    for (; tree.size() < size.value && (*frame)->has(next); ++next.value) {
      auto head = (*frame)->head(next.value - (*frame)->first().value);
      if (!head) return head.error();
      tree.add(leaf_hash(*head));
    }
  }
  return tree;
}

Result<std::uint64_t> StoredLog::count_of_streams() const {
  std::string value;
  auto status = database_.db().Get({}, database_[Family::kDefault], kStreamsKey, &value);
  if (status.IsNotFound()) return std::uint64_t{0};
  if (!status.ok()) return from_status(status, "cannot read the count of streams");
  if (value.size() != sizeof(std::uint64_t)) return damaged({}, "the count of streams");
  return read_be<8>(value);
}

Result<StoredLog::End> StoredLog::recover() const {
  End end;
  auto streams = count_of_streams();
  if (!streams) return streams.error();
  end.streams = *streams;
  std::unique_ptr<rocksdb::Iterator> it(database_.db().NewIterator({}, database_[Family::kLog]));
  it->SeekToLast();
  if (!it->status().ok()) return from_status(it->status(), "cannot read the end of the log");
  if (it->Valid()) {
    Frame frame;
    if (auto read = frame.read(bytes_of(it->value())); !read) return damaged(position_of(it->key()), read.error().message);
    auto last = frame.head(frame.size() - 1);
    if (!last) return last.error();
    auto head = decode_head(*last);
    if (!head || head->position != frame.last()) return damaged(frame.last(), "its head is malformed");
    end.head = {head->position, {}, head->recorded_at};
  }
  auto tree = tree_at(end.head.position);
  if (!tree) return tree.error();
  end.tree = *tree;
  end.head.root = end.tree.root();
  return end;
}

}  // namespace rapport
