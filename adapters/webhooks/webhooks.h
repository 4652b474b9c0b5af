// Delivers the log's events to whoever subscribed, and tells how that stands.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "adapters/webhooks/attempt_log.h"
#include "adapters/webhooks/courier.h"
#include "adapters/webhooks/sender.h"
#include "eventstore/clock.h"
#include "eventstore/subject_keys.h"

namespace rapport::webhooks {

// What the automatic pause is made with: it is an event like any other. Called on the delivering thread.
using Pause = std::function<Result<void>(const std::string& id, webhook::PauseCause cause, const std::string& detail)>;

struct DeliveriesWanted {
  Position from{}, to{~std::uint64_t{0}};
  std::size_t limit = 100;
};

// Safe for concurrent use. Documents are JSON.
class Webhooks final {
 public:
  // All is borrowed. `folder`: DATA/webhooks.
  Webhooks(const EventStore& events, const SubjectKeys& keys, const Clock& clock, std::filesystem::path folder, RetryRule retry = {});
  ~Webhooks();

  Result<std::string> list();
  // kNotFound "webhook.unknown", as of all that take an id.
  Result<std::string> status(const std::string& id);
  // status() and the secret, "whsec_…": for whoever has just made it.
  Result<std::string> with_secret(const std::string& id, const std::string& receipt);
  Result<std::string> deliveries(const std::string& id, const DeliveriesWanted& wanted);
  // Events from `from` to `to`, the log's end at most, are delivered once more, by whoever delivers next.
  Result<std::string> replay(const std::string& id, Position from, Position to);

  // Delivers until stopped. Once at a time.
  void deliver(Sender& sender, const Pause& pause, const std::stop_token& stop);

 private:
  struct Entry;
  struct UnderWay;

  Result<void> refresh();
  Entry& entry_of(const Subscription& subscription);
  void open_courier(Entry& entry);
  void remove_deleted();
  Result<Entry*> find(const std::string& id);
  std::string document_of(const Entry& entry) const;

  void look_again();
  void send_due(Sender& sender);
  bool send_next(Entry& entry, Sender& sender);
  Result<SentRequest> request_for(const Entry& entry, const RecordedEvent& event, UnderWay& under_way) const;
  void take(const Answer& answer);
  void take_failure(Entry& entry, UnderWay& under_way, const Answer& answer, std::string& outcome, std::optional<Timestamp>& next);
  void record(const Entry& entry, const UnderWay& under_way, const Answer& answer, const std::string& outcome, std::optional<Timestamp> next);
  void pause_given_up(const Pause& pause);
  void save(bool at_once);
  std::chrono::milliseconds until_due() const;

  const EventStore& events_;
  const SubjectKeys& keys_;
  const Clock& clock_;
  const std::filesystem::path folder_;
  const RetryRule retry_;
  std::mutex mutex_;
  // All guarded by mutex_.
  Subscriptions subscriptions_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::map<std::uint64_t, UnderWay> under_way_;  // by tag
  std::uint64_t next_tag_ = 1;
  Timestamp saved_{0};
  std::string complaint_;                       // about the log, the last one
  std::map<std::string, Position> cleared_away_;  // deleted subscriptions, by the last creation
};

}  // namespace rapport::webhooks
