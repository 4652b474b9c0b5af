// The part of an audit that knows the log: frames in order make its tree, checkpoints are held against it. Without I/O.
#pragma once
#include <set>
#include <span>

#include "adapters/kafka/audit.h"
#include "adapters/kafka/record.h"
#include "eventstore/frame.h"
#include "eventstore/proof/merkle_tree.h"

namespace rapport::kafka {

// A record as it was read; borrows.
struct AuditedRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::string_view key, value;
  std::vector<Header> headers;
  std::optional<std::string_view> header(std::string_view name) const;
};

// The first 8 bytes of a SHA-256: enough to tell a repeat from a forgery of it.
std::uint64_t mark_of(Bytes bytes);

// One thread.
class AuditedLog final {
 public:
  explicit AuditedLog(const std::vector<NoteVerifier>& keys) : keys_(keys) {}

  // A record of crm.checkpoints.v1; all of them come before the first frame.
  std::optional<Finding> add_checkpoint(const AuditedRecord& record);

  // A record of crm.log.v1. Then the new events are frame().event(i) from first_new() on; none of a repeat.
  std::optional<Finding> take(const AuditedRecord& record);
  Frame& frame() { return frame_; }
  std::size_t first_new() const { return first_new_; }
  bool repeated() const { return first_new_ == frame_.size(); }

  // The size of the last checkpoint.
  std::uint64_t promised() const { return expected_.empty() ? 0 : expected_.back().size; }
  // After the last frame: checkpoints of sizes that the log does not reach.
  std::optional<Finding> end(std::int64_t offset) const;

  std::uint64_t size() const { return tree_.size(); }
  Hash root() const { return tree_.root(); }
  // Whether some frame so far was of the log under that name.
  bool has_source(std::string_view source) const { return sources_.contains(source); }
  const std::string& origin() const { return origin_; }  // of the last frame
  std::uint64_t checkpoints() const { return checked_; }
  std::uint64_t checked_up_to() const { return checked_up_to_; }

 private:
  struct Expected {  // a checkpoint
    std::uint64_t size;
    std::int64_t offset;
    Hash root;
  };
  std::optional<Finding> check_frame(const AuditedRecord& record);
  std::optional<Finding> check_headers(const AuditedRecord& record, const RecordedEvent& last);
  std::optional<Finding> check_repeated(const AuditedRecord& record) const;
  std::optional<Finding> check_source(const AuditedRecord& record);
  std::optional<Finding> add_leaf(const Hash& leaf);

  const std::vector<NoteVerifier>& keys_;
  std::vector<Expected> expected_;
  std::size_t next_expected_ = 0;
  std::string checkpoint_origin_;
  std::uint64_t checked_ = 0, checked_up_to_ = 0;
  MerkleTree tree_;
  Frame frame_;
  FrameBuilder builder_{~std::size_t{0} / 2};
  std::size_t first_new_ = 0;
  std::set<std::string, std::less<>> sources_;
  std::string origin_;
  std::vector<std::uint64_t> leaves_;  // marks, by position
  struct FrameMark {
    std::uint64_t first, mark;
  };
  std::vector<FrameMark> frames_;  // ascending
};

}  // namespace rapport::kafka
