// The webhooks that the log knows of.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "domain/fold.h"
#include "domain/webhook.h"
#include "eventstore/event_store.h"

namespace rapport::webhooks {

struct Subscription {
  std::string id;
  Position created;              // its last webhook.created
  Position filtered;             // the event that set its filter last
  Position resumed;              // its last webhook.resumed; 0: none
  webhook::State state = {};
  std::optional<Error> unreadable = {};  // an event about it that this program cannot read: nothing is sent until one can

  bool is_live() const { return state.status == webhook::Status::kActive || state.status == webhook::Status::kPaused; }
  bool is_active() const { return state.status == webhook::Status::kActive; }
  // kInvalid "filter.malformed".
  Result<EventFilter> filter() const { return parse_filter(state.match); }
};

// Follows the log's events about webhooks. One thread.
class Subscriptions final {
 public:
  explicit Subscriptions(const EventStore& events);
  // Takes what has come since. Errors: of the log.
  Result<void> refresh();
  const std::map<std::string, Subscription>& all() const { return all_; }  // deleted ones included

 private:
  void apply(const RecordedEvent& event);

  std::unique_ptr<EventReader> reader_;
  std::map<std::string, FoldOf<webhook::Decider>> folds_;
  std::map<std::string, Subscription> all_;
};

}  // namespace rapport::webhooks
