#include "eventstore/rocks/stored_log.h"

#include "eventstore/rocks/frame_cursor.h"
#include "eventstore/rocks/rocks_status.h"

namespace rapport {
namespace {

Bytes bytes_of(const rocksdb::Slice& slice) { return rapport::bytes_of(std::string_view(slice.data(), slice.size())); }

}  // namespace

Result<std::optional<KeptLog::Command>> StoredLog::kept_command(const CommandId& id) const {
  auto entry = index_.command(id);
  if (!entry) return entry.error();
  if (!*entry) return std::optional<Command>();
  FrameCursor cursor(database_);
  auto frame = cursor.frame((*entry)->first);
  if (!frame) return frame.error();
  for (const auto& command : (*frame)->commands()) {
    if (command.id != id) continue;
    Command kept{(*entry)->first, (*entry)->events, {}};
    std::copy(command.request.begin(), command.request.end(), kept.request.begin());
    return std::optional(kept);
  }
  return damaged((*entry)->first, "the frame does not know command " + to_text(id));
}

Result<StoredOutcome> StoredLog::kept_outcome(Position first, std::size_t events) const {
  FrameCursor cursor(database_);
  StoredOutcome outcome;
  for (auto position = first; position.value < first.value + events; ++position.value) {
    auto event = cursor.event(position);
    if (!event) return event.error();
    outcome.events.push_back(item_of(**event));
  }
  return outcome;
}

Result<std::vector<StoredOutcome::Item>> StoredLog::kept_items(const ReadQuery& query, std::size_t max) const {
  std::vector<StoredOutcome::Item> items;
  auto positions = index_.positions(query, query.to);
  if (!positions) return positions.error();
  FrameCursor cursor(database_);
  while (items.size() < max) {
    auto position = (*positions)->next();
    if (!position) return position.error();
    if (!*position || **position > query.to) break;
    auto event = cursor.event(**position);
    if (!event) return event.error();
    if (query.filter.takes(**event)) items.push_back(item_of(**event));
  }
  return items;
}

Result<MerkleTree> StoredLog::tree_at(const LogDatabase& database, Position size) {
  std::unique_ptr<rocksdb::Iterator> edges(database.log().NewIterator({}, database[Family::kTree]));
  edges->SeekForPrev(log_key(size));
  if (!edges->status().ok()) return from_status(edges->status(), "cannot read the tree");
  MerkleTree tree;
  if (edges->Valid()) {
    auto kept = MerkleTree::from_edge(position_of(edges->key()).value, edges->value().ToStringView());
    if (!kept) return damaged(position_of(edges->key()), "the tree's edge");
    tree = *kept;
  }
  FrameCursor cursor(database, FrameCursor::Use::kScan);
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

Result<StoredLog::End> StoredLog::recover(const LogDatabase& database) {
  End end;
  std::unique_ptr<rocksdb::Iterator> it(database.log().NewIterator({}, database[Family::kLog]));
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
  auto tree = tree_at(database, end.head.position);
  if (!tree) return tree.error();
  end.tree = *tree;
  end.head.root = end.tree.root();
  return end;
}

}  // namespace rapport
