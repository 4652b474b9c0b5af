#include "adapters/kafka/audited_log.h"

#include <algorithm>

#include "adapters/kafka/topics.h"

namespace rapport::kafka {
namespace {

std::string number(std::uint64_t n) { return std::to_string(n); }

Finding finding(std::string problem, std::string_view topic, const AuditedRecord& record, std::uint64_t position, std::string expected,
                std::string found) {
  return {.problem = std::move(problem),
          .topic = std::string(topic),
          .partition = record.partition,
          .offset = record.offset,
          .position = position,
          .expected = std::move(expected),
          .found = std::move(found)};
}

// "rapport/UUID" of "rapport/UUID/2": what every epoch of a log shares.
std::string_view log_of(std::string_view source) {
  auto slash = source.find('/', std::min(source.size(), source.find('/')) + 1);
  return source.substr(0, slash);
}

}  // namespace

std::optional<std::string_view> AuditedRecord::header(std::string_view name) const {
  for (const auto& header : headers)
    if (name == header.name) return header.value;
  return std::nullopt;
}

std::uint64_t mark_of(Bytes bytes) {
  const auto hash = sha256({bytes});
  std::uint64_t mark = 0;
  for (std::size_t i = 0; i < sizeof mark; ++i) mark = mark << 8 | hash[i];
  return mark;
}

std::optional<Finding> AuditedLog::add_checkpoint(const AuditedRecord& record) {
  auto wrong = [&](std::uint64_t size, std::string expected, std::string found) {
    return finding("checkpoint", kCheckpointsTopic, record, size, std::move(expected), std::move(found));
  };
  auto note = SignedNote::parse(record.value);
  auto checkpoint = note ? Checkpoint::parse(note->text) : Result<Checkpoint>(note.error());
  if (!checkpoint) return wrong(0, "a signed checkpoint", checkpoint.error().message);
  const auto size = checkpoint->size;
  if (record.header("ce_sequence") != number(size) || record.key != checkpoint->origin)
    return wrong(size, "the key and the size that its note says", "key \"" + std::string(record.key.substr(0, 100)) + "\", ce_sequence " + std::string(record.header("ce_sequence").value_or("missing")));
  if (!keys_.empty() && std::ranges::none_of(keys_, [&](const NoteVerifier& key) { return note->signed_by(key); }))
    return wrong(size, "a signature by a key that was named", "the checkpoint of size " + number(size) + " is not signed by any of them");
  if (checkpoint_origin_.empty()) checkpoint_origin_ = checkpoint->origin;
  if (log_of(checkpoint->origin) != log_of(checkpoint_origin_)) return wrong(size, "a checkpoint of " + checkpoint_origin_, "one of " + checkpoint->origin);
  if (!expected_.empty() && size < expected_.back().size)
    return wrong(size, "a size of " + number(expected_.back().size) + " or more, as before it", "size " + number(size) + ": rolled back");
  expected_.push_back({size, record.offset, checkpoint->root});
  return std::nullopt;
}

std::optional<Finding> AuditedLog::take(const AuditedRecord& record) {
  const auto next = tree_.size() + 1;
  auto read = frame_.read(bytes_of(record.value), Frame::Check::kDigests);
  first_new_ = frame_.size();
  if (!read || !frame_.size())
    return finding("altered", kLogTopic, record, next, "a frame that goes on with event " + number(next),
                   read ? "a frame without events" : read.error().message);
  if (frame_.first().value > next)
    return finding("missing", kLogTopic, record, next, "event " + number(next), "event " + number(frame_.first().value));
  if (auto wrong = check_frame(record)) return wrong;
  if (frame_.last().value < next || frame_.first().value < next) {
    if (auto wrong = check_repeated(record)) return wrong;
  }
  first_new_ = std::min<std::size_t>(next - frame_.first().value, frame_.size());
  for (auto i = first_new_; i < frame_.size(); ++i) {
    auto event = frame_.event(i);
    if (!event) return finding("altered", kLogTopic, record, frame_.first().value + i, "an event", event.error().message);
    if (auto wrong = add_leaf((*event)->leaf)) return wrong;
  }
  if (first_new_ == 0) frames_.push_back({frame_.first().value, mark_of(bytes_of(record.value))});
  return std::nullopt;
}

// The bytes of a frame are those of its events and of the root before them, and nothing else.
std::optional<Finding> AuditedLog::check_frame(const AuditedRecord& record) {
  const auto first = frame_.first().value;
  if (first == tree_.size() + 1 && frame_.previous_root() != tree_.root())
    return finding("altered", kLogTopic, record, first, "the root " + to_hex(tree_.root()) + " before event " + number(first),
                   to_hex(frame_.previous_root()));
  std::optional<Finding> wrong;
  for (std::size_t i = 0; i < frame_.size() && !wrong; ++i) {
    auto event = frame_.event(i);
    if (!event) return finding("altered", kLogTopic, record, first + i, "an event", event.error().message);
    RAPPORT_ASSERT(builder_.add(**event));
    if (i + 1 == frame_.size()) wrong = check_headers(record, **event);
  }
  const auto message = builder_.finish(frame_.previous_root());
  const auto bytes = message.asChars();
  if (!wrong && record.value != std::string_view(bytes.begin(), bytes.size()))
    wrong = finding("altered", kLogTopic, record, first, "the bytes of its events and of nothing else", "others");
  return wrong;
}

std::optional<Finding> AuditedLog::check_headers(const AuditedRecord& record, const RecordedEvent& last) {
  const auto source = record.header("ce_source").value_or("");
  FrameRecord expected{std::string(source)};
  expected.write(frame_.first(), frame_.last(), last.id());
  for (const auto& [name, value] : expected.headers())
    if (record.header(name) != value)
      return finding("altered", kLogTopic, record, frame_.last().value, "header " + std::string(name) + " " + std::string(value),
                     std::string(record.header(name).value_or("none")));
  return check_source(record);
}

std::optional<Finding> AuditedLog::check_source(const AuditedRecord& record) {
  const auto source = *record.header("ce_source");
  const auto& known = origin_.empty() ? checkpoint_origin_ : origin_;
  if (!known.empty() && log_of(known) != log_of(source))
    return finding("altered", kLogTopic, record, frame_.last().value, "header ce_source of log " + std::string(log_of(known)), std::string(source));
  if (source != origin_) origin_ = source;
  sources_.emplace(source);
  return std::nullopt;
}

// A frame that comes again, or one that begins before the last event: the same events must be in it.
std::optional<Finding> AuditedLog::check_repeated(const AuditedRecord& record) const {
  const auto first = frame_.first().value;
  auto same = std::ranges::lower_bound(frames_, first, {}, &FrameMark::first);
  if (same != frames_.end() && same->first == first && same->mark == mark_of(bytes_of(record.value))) return std::nullopt;
  auto& frame = const_cast<Frame&>(frame_);
  for (std::size_t i = 0; i < frame.size() && first + i <= tree_.size(); ++i) {
    auto event = frame.event(i);
    if (event && mark_of((*event)->leaf) == leaves_[first + i - 1]) continue;
    return finding("altered", kLogTopic, record, first + i, "event " + number(first + i) + " as it came before", "another one");
  }
  return std::nullopt;
}

std::optional<Finding> AuditedLog::add_leaf(const Hash& leaf) {
  tree_.add(leaf);
  leaves_.push_back(mark_of(leaf));
  for (; next_expected_ < expected_.size() && expected_[next_expected_].size <= tree_.size(); ++next_expected_) {
    const auto& expected = expected_[next_expected_];
    if (expected.root != tree_.root())
      return Finding{.problem = "checkpoint",
                     .topic = std::string(kCheckpointsTopic),
                     .partition = 0,
                     .offset = expected.offset,
                     .position = expected.size,
                     .expected = "root " + to_hex(expected.root) + " at size " + number(expected.size),
                     .found = "root " + to_hex(tree_.root()) + ": the log was rewritten at or before this position"};
    ++checked_;
    checked_up_to_ = expected.size;
  }
  return std::nullopt;
}

std::optional<Finding> AuditedLog::end(std::int64_t offset) const {
  if (next_expected_ == expected_.size()) return std::nullopt;
  const auto& expected = expected_[next_expected_];
  return Finding{.problem = "cut",
                 .topic = std::string(kLogTopic),
                 .partition = 0,
                 .offset = offset,
                 .position = tree_.size() + 1,
                 .expected = "event " + number(tree_.size() + 1) + ": the checkpoint at offset " + number(static_cast<std::uint64_t>(expected.offset)) +
                             " of " + std::string(kCheckpointsTopic) + " has " + number(expected.size) + " events",
                 .found = "the end of the topic"};
}

}  // namespace rapport::kafka
