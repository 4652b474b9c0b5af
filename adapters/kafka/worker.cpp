#include "adapters/kafka/worker.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "adapters/kafka/dead_letters.h"
#include "adapters/kafka/log.h"
#include "adapters/kafka/log_consumer.h"
#include "adapters/kafka/partitioner.h"
#include "adapters/kafka/worker_source.h"
#include "eventstore/frame.h"
#include "projections/digest.h"
#include "projections/views.h"

namespace rapport::kafka {
namespace {

using Clock = std::chrono::steady_clock;
using projections::Folder;
using projections::RowStore;

constexpr std::chrono::milliseconds kReportEvery{100};
constexpr std::chrono::milliseconds kBackoff{500};
constexpr std::chrono::seconds kSilence{
    20};                      // then it is asked whether the consumer misses something
constexpr int kAtHandMs = 2;  // nothing for so long: what was folded is written
constexpr int kPollMs = 100;
constexpr std::string_view kAgain = "worker.again";

Error gap(Position have, Position got) {
  return {
      .code = ErrorCode::kConflict,
      .reason = "bus.gap",
      .message = "topic crm.log.v1 goes on with event " + std::to_string(got.value) +
                 " after event " + std::to_string(have.value) + ": events are missing",
      .hint = "was the topic cut or written by somebody else? Remove it and publish the log again"};
}

Error other_log(Position at) {
  return {.code = ErrorCode::kConflict,
          .reason = "bus.other_log",
          .message = "the log's root before event " + std::to_string(at.value) +
                     " is not that of the events that came",
          .hint = "the topic holds another log than these rows, or events of it were altered"};
}

// The open batch is dropped, and reading goes on from where the rows are.
Error again(std::string_view why) { return {.code = ErrorCode::kConflict, .reason = std::string(kAgain), .message = std::string(why)}; }

std::string out_of_range(std::int64_t offset) { return "topic crm.log.v1 does not have offset " + std::to_string(offset); }

bool passing(const Error& error) {
  return error.reason == "bus.unreachable" || error.reason == "bus.no_topic";
}

}  // namespace

Error not_shared(const projections::ViewType& view) {
  return {.code = ErrorCode::kInvalid,
          .reason = "view.not_shared",
          .message = "view " + view.name + " has rows that several streams write, so it cannot be shared out",
          .field = "share",
          .hint = "let one worker keep it"};
}

struct Worker::Parts {
  const projections::ViewType& view;
  projections::RowStores& stores;
  const WorkerOptions options;

  Parts(const projections::ViewType& type, projections::RowStores& places, WorkerOptions wanted)
      : view(type), stores(places), options(std::move(wanted)), replay(options.replay_parked), dead_letters(options.connection, name()) {}
  std::string name() const {
    auto share = options.share.whole() ? std::string() : "-" + std::to_string(options.share.number) + "-of-" + std::to_string(options.share.count);
    return "rapport-worker-" + view.name + share;
  }

  std::unique_ptr<RowStore> store;
  std::unique_ptr<Folder> folder;
  std::unique_ptr<LogConsumer> consumer;
  WorkerSource source;
  Frame frame;
  std::uint64_t events = 0;
  bool replay = false;       // the parked records, once
  bool began_again = false;  // from the topic's beginning, in this session
  DeadLetters dead_letters;
  std::string stream;  // of the event at hand
  std::map<Position, std::string> unreadable;  // events that are to be parked, and why

  Result<void> open_rows();
  Result<void> connect();
  Result<void> resume();
  Result<void> begin_again();
  Result<void> rebuild(std::string_view why);
  bool takes(const RecordedEvent& event);
  Result<void> take(const LogConsumer::Record& record);
  Result<void> fold_frame(std::int64_t offset);
  Result<void> fold_event(const RecordedEvent& event, std::int64_t offset);
  void park(const RecordedEvent& event, std::int64_t offset, std::string why);
  Result<bool> step(int wait_ms);
  Result<void> pump(std::optional<std::int64_t> end, const Progress& progress,
                    const std::stop_token& stop);
  Result<WorkerResult> result() const;
};

Worker::Worker(const projections::ViewType& view, projections::RowStores& stores,
               WorkerOptions options)
    : parts_(new Parts(view, stores, std::move(options))) {}
Worker::~Worker() = default;

Result<void> Worker::Parts::open_rows() {
  folder.reset();
  store.reset();
  auto opened = stores.open(view.store_name(), view.declaration, projections::StoreUse::kLive);
  if (!opened) return std::move(opened).error();
  store = std::move(*opened);
  source = {};
  // The note is from the beginning of a frame of which the rows may have a part already, never the
  // other way round. Without a note the topic is read from its beginning, and what the rows have is
  // passed over.
  auto kept = parse_source(store->source());
  if (kept && kept->tree.size() <= store->checkpoint().position.value) source = std::move(*kept);
  if (store->checkpoint().position.value == 0) source.share = options.share;
  folder = view.make_folder(*store, {.batch_events_max = options.batch_events_max});
  return {};
}

Result<void> Worker::Parts::connect() {
  consumer.reset();
  auto opened = LogConsumer::open(options.connection, name());
  if (!opened) return std::move(opened).error();
  consumer = std::move(*opened);
  began_again = false;
  if (source.share != options.share)
    return rebuild("its rows are share " + to_text(source.share) + ", and share " + to_text(options.share) + " is wanted");
  if (std::exchange(replay, false) && !source.parked.empty()) {
    if (source.unread) return rebuild("events of it that were parked are taken up again");
    source.offset = source.parked.front().offset;
    source.parked.clear();
  }
  return resume();
}

Result<void> Worker::Parts::resume() {
  // Another cluster has other offsets, but the same positions: what is folded already is passed
  // over.
  if (source.cluster != consumer->cluster()) return begin_again();
  auto extent = consumer->extent();
  if (!extent) return extent.error();
  if (source.offset < extent->begin || source.offset > extent->end) return rebuild(out_of_range(source.offset));
  return consumer->start(source.offset);
}

Result<void> Worker::Parts::begin_again() {
  auto extent = consumer->extent();
  if (!extent) return extent.error();
  began_again = true;
  source.cluster = consumer->cluster();
  source.offset = extent->begin;
  return consumer->start(extent->begin);
}

// Only once the topic is known to have the log's beginning: rows that cannot be had again are not
// thrown away.
Result<void> Worker::Parts::rebuild(std::string_view why) {
  warn("building view " + view.name + " again: " + std::string(why));
  if (auto begun = begin_again(); !begun) return begun;
  const auto until = Clock::now() + options.connection.unreachable_after;
  for (;;) {
    auto record = consumer->next(kPollMs);
    if (!record) return record.error();
    if (*record) {
      if (frame.read((*record)->value, Frame::Check::kDigests) && frame.size()) break;
    } else if (Clock::now() > until) {
      return Error{
          .code = ErrorCode::kConflict,
          .reason = "bus.gap",
          .message = "topic crm.log.v1 has no events, and the rows have them up to event " +
                     std::to_string(folder->position().value),
          .hint = "publish the log again"};
    }
  }
  if (frame.first().value != 1) return gap({}, frame.first());
  folder.reset();
  store.reset();
  if (auto dropped = stores.drop(view.store_name()); !dropped) return dropped;
  if (auto opened = open_rows(); !opened) return opened;
  return begin_again();
}

Result<void> Worker::Parts::take(const LogConsumer::Record& record) {
  auto read = frame.read(record.value, Frame::Check::kDigests);
  if (read && frame.size()) {
    if (auto folded = fold_frame(record.offset); !folded) return folded;
  } else {
    auto why = read ? "it has no events" : read.error().message;
    warn("record " + std::to_string(record.offset) + " of crm.log.v1 is parked: " + why);
    if (auto told = dead_letters.tell(record.offset, record.value, why); !told) return told;
    source.park({record.offset, std::move(why)});
  }
  source.offset = record.offset + 1;
  // The batch that ends within the next frame says where that frame is; what it has of it is passed
  // over then.
  store->put_source(to_text(source));
  return {};
}

// A stream is of the share that has the number of its partition, were there as many partitions as shares.
bool Worker::Parts::takes(const RecordedEvent& event) {
  if (options.share.whole()) return true;
  stream.assign(event.stream_type).append(1, '-').append(event.stream_id);
  return partition_of(stream, static_cast<std::int32_t>(options.share.count)) == static_cast<std::int32_t>(options.share.number - 1);
}

Result<void> Worker::Parts::fold_frame(std::int64_t offset) {
  const auto next = source.tree.size() + 1;
  if (frame.last().value < next) return {};
  if (frame.first().value > next) return gap({source.tree.size()}, frame.first());
  if (frame.first().value == next && source.tree.root() != frame.previous_root())
    return other_log(frame.first());
  const auto have = folder->position();
  for (auto i = next - frame.first().value; i < frame.size(); ++i) {
    auto event = frame.event(i);
    if (!event) return event.error();
    source.tree.add((*event)->leaf);
    if ((*event)->position <= have) continue;
    if (auto folded = takes(**event) ? fold_event(**event, offset) : folder->pass(**event); !folded) return folded;
    ++events;
  }
  return {};
}

Result<void> Worker::Parts::fold_event(const RecordedEvent& event, std::int64_t offset) {
  auto found = unreadable.find(event.position);
  if (found != unreadable.end()) {
    auto why = std::move(found->second);
    unreadable.erase(found);
    park(event, offset, std::move(why));
    if (auto passed = folder->pass(event); !passed) return passed;
    return folder->commit();
  }
  auto folded = folder->fold(event);
  if (folded || (folded.error().reason != "event.unknown_type" && folded.error().reason != "event.damaged")) return folded;
  const auto& why = folded.error();
  warn("parked: " + why.message);
  if (auto told = dead_letters.tell(offset, event, why.message); !told) return told;
  if (why.reason == "event.unknown_type") {
    park(event, offset, why.message);
    return folder->commit();
  }
  // What the event did to rows before it turned out to be damaged goes with the open batch: it is folded again, without the event.
  unreadable[event.position] = why.message;
  return again(why.reason);
}

// In the batch that passes over the event; which is written at once, so that nothing that comes later has it told of again.
void Worker::Parts::park(const RecordedEvent& event, std::int64_t offset, std::string why) {
  source.park({offset, std::move(why), event.position});
  store->put_source(to_text(source));
}

// Takes one record; false if none was at hand, and then everything so far is written.
Result<bool> Worker::Parts::step(int wait_ms) {
  auto record = consumer->next(wait_ms);
  if (!record && record.error().reason == "bus.out_of_range" && !began_again) {
    if (auto rebuilt = rebuild(out_of_range(source.offset)); !rebuilt) return rebuilt.error();
    return true;
  }
  if (!record) return record.error();
  if (!*record) {
    if (auto written = folder->commit(); !written) return written.error();
    return false;
  }
  auto taken = take(**record);
  if (!taken && taken.error().reason == kAgain) {
    const auto folded = source.tree.size() - 1;  // all but the event at hand
    if (auto opened = open_rows(); !opened) return opened.error();
    events -= folded - folder->position().value;
    if (auto resumed = resume(); !resumed) return resumed.error();
    return true;
  }
  if (!taken && taken.error().reason == "bus.gap" && !began_again) {
    // The place may be of a topic that was made anew since; from its beginning, the order decides.
    if (auto begun = begin_again(); !begun) return begun.error();
    return true;
  }
  if (!taken) return taken.error();
  return true;
}

Result<void> Worker::Parts::pump(std::optional<std::int64_t> end, const Progress& progress,
                                 const std::stop_token& stop) {
  auto reported = Clock::now(), heard = reported;
  while (!stop.stop_requested() && !(end && consumer->offset() >= *end)) {
    auto took = step(kAtHandMs);
    if (took && !*took) took = step(kPollMs);
    if (!took) return took.error();
    const auto now = Clock::now();
    if (*took) heard = now;
    if (now - reported >= kReportEvery) {
      reported = now;
      if (progress) progress(folder->position(), events);
      consumer->show_done(source.offset);
    }
    if (now - heard < (end ? options.connection.unreachable_after : kSilence)) continue;
    // Nothing for long: whoever cannot be asked is not there, and a consumer that misses what is
    // there is made anew.
    auto extent = consumer->extent();
    if (!extent) return extent.error();
    if (extent->end > consumer->offset())
      if (auto again = connect(); !again) return again;
    heard = Clock::now();
  }
  return folder->commit();
}

Result<WorkerResult> Worker::Parts::result() const {
  auto snapshot = store->snapshot();
  if (!snapshot) return std::move(snapshot).error();
  auto digest = projections::rows_digest(**snapshot);
  if (!digest) return digest.error();
  WorkerResult result{.view = view.name,
                      .share = options.share,
                      .position = folder->position(),
                      .root = source.tree.root(),
                      .digest = *digest,
                      .events = events,
                      .parked = {}};
  for (const auto& parked : source.parked) result.parked.push_back(sentence(parked));
  result.unread = source.unread;
  return result;
}

Result<WorkerResult> Worker::run(WorkerUntil until, const Progress& progress,
                                 std::stop_token stop) {
  auto& parts = *parts_;
  const bool follow = until == WorkerUntil::kStopped;
  if (!parts.options.share.whole() && !parts.view.by_stream) return not_shared(parts.view);
  if (auto opened = parts.open_rows(); !opened) return opened.error();
  while (!stop.stop_requested()) {
    std::optional<std::int64_t> end;
    auto done = parts.connect();
    if (done && !follow) {
      auto extent = parts.consumer->extent();
      if (extent)
        end = extent->end;
      else
        done = extent.error();
    }
    if (done) done = parts.pump(end, progress, stop);
    if (done) break;
    if (!follow || !passing(done.error())) return done.error();
    warn(done.error().message);
    // What was not written is folded again from the rows as they are.
    if (auto opened = parts.open_rows(); !opened) return opened.error();
    for (auto left = kBackoff; left.count() > 0 && !stop.stop_requested(); left -= kBackoff / 10)
      std::this_thread::sleep_for(kBackoff / 10);
  }
  auto result = parts.result();
  parts.folder.reset();
  parts.store.reset();
  return result;
}

}  // namespace rapport::kafka
