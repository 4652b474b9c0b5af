// Events as they happen, for any number of readers at the price of one: a single tail of the log fills a ring
// of recent events, every reader walks it at its own pace, and one that fell behind the ring reads the log
// until it has caught up. Nothing is queued per reader, so a slow one costs nobody anything.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "adapters/application/service.h"
#include "domain/result.h"
#include "eventstore/event_filter.h"

namespace rapport {

// Safe for concurrent use.
class LiveEvent final {
 public:
  explicit LiveEvent(std::string_view line);
  // What a filter may ask for; read from the line when the first one asks.
  const std::vector<Term>& terms() const;

  const std::uint64_t position;
  const std::string stream, type;
  const std::string json;  // one line, the contract's event

 private:
  mutable std::once_flag read_;
  mutable std::vector<Term> terms_;
};
using LiveEvents = std::vector<std::shared_ptr<const LiveEvent>>;

struct LiveLimits {
  std::size_t ring_events = 4096;
  std::size_t ring_bytes = 8 << 20;
  std::size_t batch_events = 512;  // handed over or read from the log at once
  std::size_t batch_bytes = 64 << 10;  // what a reader that has stopped reading costs
};

class LiveReader;

// The log is followed only while there are readers. Safe for concurrent use; must outlive its readers.
class LiveTail final {
 public:
  explicit LiveTail(Service& service, LiveLimits limits = {});
  ~LiveTail();  // as close()

  // Ends the tail; readers are told by `LiveReader::State::kClosed`.
  void close();

 private:
  friend class LiveReader;
  struct Listener {
    std::function<void()> on_news;
    std::optional<Error> failed;  // of the tail, while this listener was there
  };
  using Listeners = std::list<Listener>;

  void run(std::stop_token stop);
  Result<void> follow(std::stop_token stop);
  bool keep(std::string_view line);
  Listeners::iterator join(std::function<void()> on_news);
  void leave(Listeners::iterator listener);
  void notify_all();  // mutex_ is held

  Service& service_;
  const LiveLimits limits_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  Listeners listeners_;
  std::deque<std::shared_ptr<const LiveEvent>> ring_;
  std::size_t ring_bytes_ = 0;
  std::uint64_t ring_from_ = 1;  // the ring holds every event from here to head_
  std::uint64_t head_ = 0;
  bool following_ = false;  // head_ and the ring are being kept up
  bool closed_ = false;
  std::stop_source follow_stop_;

  std::jthread thread_;
};

// One client's place in the log. One thread at a time, but for `on_news`.
class LiveReader final {
 public:
  struct From {
    std::optional<std::uint64_t> position = {};  // the first one wanted; none: what happens from now on
    std::string stream = {}, type = {};          // only these; empty: all
    EventFilter filter = {};                     // and only what it takes
  };
  // `on_news` is called, on other threads, when next() may answer something new; it must not block.
  LiveReader(LiveTail& tail, From from, std::function<void()> on_news);
  ~LiveReader();
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  enum class State {
    kStarting,  // the tail is not there yet: wait for news
    kEvents,    // the next events, if the filter left any
    kBehind,    // older than the ring: call read_log()
    kAtHead,    // nothing new: wait for news
    kAhead,     // start() only: wants a position that the log has not reached
    kClosed,    // no more; `error` says why if something failed
  };
  struct Next {
    State state;
    LiveEvents events = {};
    std::optional<Error> error = {};
  };
  Next start() const;             // kStarting, kAhead, kClosed, or kEvents without any: next() may be called
  Next next();                    // the next events; never blocks
  Result<LiveEvents> read_log();  // blocks; the next events, if the filter left any

  std::uint64_t passed()
      const;  // everything up to this position was handed over or filtered out; 0: nothing yet

 private:
  bool wants(const LiveEvent& event) const;
  std::optional<Next> not_following() const;  // tail_.mutex_ is held

  LiveTail& tail_;
  const From from_;
  const LiveTail::Listeners::iterator listener_;
  std::uint64_t next_;        // 0: from now on, and now is not known yet
  std::uint64_t log_to_ = 0;  // how far the log is to be read
};

}  // namespace rapport
