#include "eventstore/frame.h"

#include <capnp/schema.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <cstring>

namespace rapport {
namespace {

using envelope::wire::StoredEvent;
constexpr std::uint16_t kFrameFormat = 1;

std::size_t words_of(std::size_t bytes) { return (bytes + sizeof(capnp::word) - 1) / sizeof(capnp::word); }
capnp::Data::Reader data_of(Bytes bytes) { return {bytes.data(), bytes.size()}; }
Bytes bytes_of(capnp::Data::Reader bytes) { return {bytes.begin(), bytes.size()}; }

std::size_t event_words(const StoredBytes& event) {
  return words_of(event.head.size()) + words_of(event.salt.size()) + event.metadata.size() + event.payload.size();
}

template <class Struct>
std::size_t struct_words() {
  auto shape = capnp::Schema::from<Struct>().getProto().getStruct();
  return std::size_t{shape.getDataWordCount()} + shape.getPointerCount();
}

// Exactly what the message below takes, so that it comes out as one segment.
std::size_t message_words(const FrameParts& parts) {
  static const std::size_t frame = struct_words<envelope::wire::Frame>(), event = struct_words<StoredEvent>(),
                           command = struct_words<envelope::wire::StoredCommand>();
  constexpr std::size_t kTableAndRoot = 2, kListTag = 1;
  auto words = kTableAndRoot + frame + words_of(sizeof(Hash)) + 2 * kListTag;
  words += parts.events.size() * event;
  for (const auto& stored : parts.events) words += event_words(stored);
  return words + parts.commands.size() * (command + words_of(sizeof(CommandId)) + words_of(sizeof(Hash)));
}

void fill(envelope::wire::Frame::Builder frame, const FrameParts& parts) {
  frame.setFormat(kFrameFormat);
  frame.setFirstPosition(parts.first.value);
  frame.setCommittedAt(parts.committed_at.micros);
  frame.setPreviousRoot(data_of(parts.previous_root));
  frame.setLast(parts.last);
  auto events = frame.initEvents(static_cast<unsigned>(parts.events.size()));
  for (unsigned i = 0; i < events.size(); ++i) {
    const auto& from = parts.events[i];
    auto to = events[i];
    to.setHead(data_of(from.head));
    to.setSalt(data_of(from.salt));
    to.setMetadata(from.metadata.asBytes());
    to.setPayload(from.payload.asBytes());
  }
  auto commands = frame.initCommands(static_cast<unsigned>(parts.commands.size()));
  for (unsigned i = 0; i < commands.size(); ++i) {
    const auto& from = parts.commands[i];
    auto to = commands[i];
    to.setId(data_of(from.id.bytes));
    to.setRequest(data_of(from.request));
    to.setEvents(from.events);
    to.setFirstOrdinal(from.first_ordinal);
  }
}

// An event's bytes lie in the frame's message at a multiple of 8 already.
Words aligned(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const capnp::word*>(bytes.begin()), bytes.size() / sizeof(capnp::word)};
}

Error malformed(std::string_view what) {
  return {ErrorCode::kCorrupt, "store.damaged", "a frame is damaged: " + std::string(what)};
}

}  // namespace

kj::Array<capnp::word> encode_frame(const FrameParts& parts) {
  auto words = kj::heapArray<capnp::word>(message_words(parts));
  std::memset(static_cast<void*>(words.begin()), 0, words.asBytes().size());
  capnp::FlatMessageBuilder message(words.slice(1, words.size()));
  fill(message.initRoot<envelope::wire::Frame>(), parts);
  message.requireFilled();
  std::uint32_t table[2] = {0, static_cast<std::uint32_t>(words.size() - 1)};
  std::memcpy(static_cast<void*>(words.begin()), table, sizeof table);
  return words;
}

struct Frame::Message {
  explicit Message(Words words)
      : segment(words), reader(kj::arrayPtr(&segment, 1), {.traversalLimitInWords = ~std::uint64_t{0}}) {}
  Words segment;
  capnp::SegmentArrayMessageReader reader;
  capnp::List<StoredEvent>::Reader events;
};

Frame::Frame() = default;
Frame::~Frame() = default;

Result<void> Frame::read(Bytes message, Check check) {
  events_ = 0;
  message_.reset();
  commands_.clear();
  command_of_event_.clear();
  if (message.size() % sizeof(capnp::word) != 0) return malformed("its size is no multiple of 8");
  words_.resize(message.size() / sizeof(capnp::word));
  if (!words_.empty()) std::memcpy(static_cast<void*>(words_.data()), message.data(), message.size());
  Words words(words_.data(), words_.size());
  if (!whole_message(words)) return malformed("it is no single-segment message");
  message_ = std::make_unique<Message>(words.slice(1, words.size()));
  auto parsed = [&]() -> Result<void> {
    try {
      return parse(check);
    } catch (const kj::Exception& e) {
      return malformed(e.getDescription().cStr());
    }
  }();
  if (!parsed) events_ = 0;
  return parsed;
}

Result<void> Frame::parse(Check check) {
  auto frame = message_->reader.getRoot<envelope::wire::Frame>();
  if (frame.getFormat() != kFrameFormat) return malformed("format " + std::to_string(frame.getFormat()));
  first_ = {frame.getFirstPosition()};
  committed_at_ = {frame.getCommittedAt()};
  ends_group_ = frame.getLast();
  auto root = frame.getPreviousRoot();
  if (root.size() != previous_root_.size()) return malformed("its previous root is no hash");
  std::copy(root.begin(), root.end(), previous_root_.begin());
  message_->events = frame.getEvents();
  auto size = message_->events.size();
  if (size == 0 || first_.value == 0) return malformed("it has no events or no position");
  // A list of empty structs takes no bytes: two kilobytes can claim half a billion events.
  if (size > words_.size() * sizeof(capnp::word) / kHeadBytes) return malformed("it claims more events than it has bytes for");
  for (auto command : frame.getCommands()) {
    FrameCommand to{{}, bytes_of(command.getRequest()), command.getEvents(), command.getFirstOrdinal()};
    auto id = command.getId();
    if (id.size() != to.id.bytes.size() || to.request.size() != sizeof(Hash)) return malformed("a command's id");
    std::copy(id.begin(), id.end(), to.id.bytes.begin());
    command_of_event_.insert(command_of_event_.end(), to.events, static_cast<std::uint16_t>(commands_.size()));
    commands_.push_back(to);
  }
  if (!commands_.empty() && command_of_event_.size() != size) return malformed("its commands do not add up");
  events_ = size;
  return check == Check::kDigests ? check_digests() : Result<void>();
}

Result<void> Frame::check_digests() {
  for (std::size_t i = 0; i < events_; ++i) {
    auto recorded = event(i);
    if (!recorded) return recorded.error();
    if (!digest_holds(**recorded)) return damaged((*recorded)->position, "its digest does not hold");
  }
  return {};
}

Result<Bytes> Frame::head(std::size_t index) const {
  RAPPORT_ASSERT(index < events_);
  try {
    auto head = bytes_of(message_->events[static_cast<unsigned>(index)].getHead());
    if (head.size() == kHeadBytes) return head;
  } catch (const kj::Exception&) {
  }
  return damaged({first_.value + index}, "its head is malformed");
}

Result<const RecordedEvent*> Frame::event(std::size_t index) {
  RAPPORT_ASSERT(index < events_);
  Position position{first_.value + index};
  StoredBytes bytes;
  try {
    auto stored = message_->events[static_cast<unsigned>(index)];
    bytes = {bytes_of(stored.getHead()), bytes_of(stored.getSalt()), aligned(stored.getMetadata()),
             aligned(stored.getPayload())};
    if (bytes.metadata.asBytes().size() != stored.getMetadata().size() ||
        bytes.payload.asBytes().size() != stored.getPayload().size())
      return damaged(position, "metadata or payload is no message");
  } catch (const kj::Exception& e) {
    return damaged(position, e.getDescription().cStr());
  }
  if (!commands_.empty()) bytes.request = commands_[command_of_event_[index]].request;
  auto event = decoder_.decode(bytes);
  if (!event) return damaged(position, event.error().message);
  if ((*event)->position != position) return damaged(position, "its head names another position");
  return event;
}

bool FrameBuilder::add(const RecordedEvent& event) {
  auto words = event.metadata_bytes.size() + event.payload.size();
  auto bytes = (words_.size() + words) * sizeof(capnp::word) +
               (entries_.size() + 1) * (sizeof(Entry) + 4 * sizeof(capnp::word));
  if (!entries_.empty() && bytes > bytes_max_) return false;
  if (entries_.empty()) {
    first_ = event.position;
    committed_at_ = event.recorded_at;
  }
  RAPPORT_ASSERT(event.position.value == first_.value + entries_.size());
  Entry entry{{}, {}, event.metadata_bytes.size(), event.payload.size()};
  std::copy(event.head.begin(), event.head.end(), entry.head.begin());
  std::copy(event.salt.begin(), event.salt.end(), entry.salt.begin());
  entries_.push_back(entry);
  words_.insert(words_.end(), event.metadata_bytes.begin(), event.metadata_bytes.end());
  words_.insert(words_.end(), event.payload.begin(), event.payload.end());
  return true;
}

kj::Array<capnp::word> FrameBuilder::finish(const Hash& previous_root) {
  std::vector<StoredBytes> events;
  events.reserve(entries_.size());
  const auto* at = words_.data();
  for (const auto& entry : entries_) {
    events.push_back({entry.head, entry.salt, {at, entry.metadata}, {at + entry.metadata, entry.payload}});
    at += entry.metadata + entry.payload;
  }
  auto message = encode_frame({first_, committed_at_, previous_root, true, events});
  entries_.clear();
  words_.clear();
  return message;
}

}  // namespace rapport
