#include "adapters/webhooks/subscription.h"

namespace rapport::webhooks {

Subscriptions::Subscriptions(const EventStore& events)
    : reader_(events.read({.filter = Term::category("webhook")})) {}

Result<void> Subscriptions::refresh() {
  for (;;) {
    auto event = reader_->next();
    if (!event) return std::move(event).error();
    if (!*event) return {};
    apply(**event);
  }
}

void Subscriptions::apply(const RecordedEvent& event) {
  std::string id(event.stream_id);
  auto& fold = folds_[id];
  auto& known = all_[id];
  known.id = id;
  if (fold.apply(event.payload) != Applied::kYes)
    known.unreadable = Error{ErrorCode::kCorrupt, "webhooks.unreadable", "the event at position " + std::to_string(event.position.value) + " cannot be read", "", "",
                             "rapport verify; or it is of a newer program"};
  known.state = fold.state();
  if (event.type == "webhook.created") {
    known.created = known.filtered = event.position;
    known.resumed = {};
  }
  if (event.type == "webhook.changed") known.filtered = event.position;
  if (event.type == "webhook.resumed") known.resumed = event.position;
}

}  // namespace rapport::webhooks
