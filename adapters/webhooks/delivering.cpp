// Webhooks::deliver: what is due is sent, what is answered is taken, what has changed is saved.
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "adapters/json/event_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "adapters/webhooks/entry.h"
#include "adapters/webhooks/signature.h"

namespace rapport::webhooks {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr milliseconds kSaveEvery{200}, kLookEvery{1'000}, kFarewell{2'000};
constexpr milliseconds kNewsEvery{20};  // a log that grows all the time is looked at so often
constexpr std::int64_t kAgainMicros = 60'000'000;
constexpr unsigned kGone = 410;

// Personal texts are nobody's but the house's: they leave as null.
class Unopened final : public SealOpener {
 public:
  explicit Unopened(const SealOpener& keys) : keys_(keys) {}
  Result<std::optional<std::string>> open(std::string_view) const override { return std::optional<std::string>(); }
  bool erased(std::uint64_t key_id) const override { return keys_.erased(key_id); }

 private:
  const SealOpener& keys_;
};

// As Standard Webhooks wants a payload. The event's own form is that of everywhere else.
Result<std::string> body_of(const RecordedEvent& event, const SealOpener& keys) {
  std::string body = "{\"type\":";
  append_text(event.type, body);
  body += ",\"timestamp\":";
  append_time(event.occurred_at, body);
  body += ",\"data\":";
  Unopened unopened(keys);
  if (auto written = append_event(event, &unopened, body); !written) return std::move(written).error();
  body += '}';
  return body;
}

// Without the full stop that ids have and signed content is parted by.
std::string message_id(const EventId& id) {
  auto text = to_text(id);
  std::ranges::replace(text, '.', '_');
  return text;
}

std::string failure_of(const Answer& answer) {
  if (!answer.error.empty()) return answer.error;
  auto status = "the receiver answered " + std::to_string(answer.status);
  return answer.status >= 300 && answer.status < 400 ? status + ": redirects are not followed" : status;
}

}  // namespace

void Webhooks::deliver(Sender& sender, const Pause& pause, const std::stop_token& stop) {
  std::jthread news([&](const std::stop_token& over) {
    while (!over.stop_requested()) {
      auto head = events_.head().position;
      if (events_.wait_past(head, kLookEvery, over)) sender.wake();
      std::this_thread::sleep_for(kNewsEvery);
    }
  });
  std::stop_callback stopping(stop, [&] {
    news.request_stop();
    sender.wake();
  });
  while (!stop.stop_requested()) {
    milliseconds wait;
    {
      std::lock_guard lock(mutex_);
      look_again();
      remove_deleted();
      pause_given_up(pause);
      send_due(sender);
      save(false);
      wait = until_due();
    }
    auto answers = sender.wait(wait);
    std::lock_guard lock(mutex_);
    for (auto& answer : answers) take(answer);
  }
  // What was sent a moment ago is better heard than sent again.
  for (auto until = std::chrono::steady_clock::now() + kFarewell; std::chrono::steady_clock::now() < until;) {
    {
      std::lock_guard lock(mutex_);
      if (under_way_.empty()) break;
    }
    auto answers = sender.wait(kSaveEvery);
    std::lock_guard lock(mutex_);
    for (auto& answer : answers) take(answer);
  }
  std::lock_guard lock(mutex_);
  for (auto& [tag, one] : under_way_)
    if (auto entry = entries_.find(one.id); entry != entries_.end() && entry->second->courier) entry->second->courier->put_back(one.item);
  under_way_.clear();
  save(true);
}

// The same complaint is made once.
void Webhooks::look_again() {
  auto refreshed = refresh();
  auto complaint = refreshed ? std::string() : refreshed.error().message;
  if (!complaint.empty() && complaint != complaint_) spdlog::error("webhooks: {}", complaint);
  complaint_ = complaint;
}

void Webhooks::send_due(Sender& sender) {
  for (bool any = true; any;) {
    any = false;
    for (auto& [id, entry] : entries_) any = send_next(*entry, sender) || any;
  }
}

bool Webhooks::send_next(Entry& entry, Sender& sender) {
  if (!entry.subscription.is_active() || !entry.courier || entry.given_up) return false;
  auto now = clock_.now();
  if (entry.trouble && now < entry.trouble_until) return false;
  auto troubled = [&](Error error) {
    spdlog::error("webhook {}: {}", entry.subscription.id, error.message);
    entry.trouble = std::move(error);
    entry.trouble_until = {now.micros + kAgainMicros};
    return false;
  };
  if (auto position = entry.courier->exhausted()) {
    entry.given_up = Entry::GivenUp{webhook::PauseCause::EXHAUSTED,
                                    "the event at position " + std::to_string(position->value) + " was not taken in " + std::to_string(retry_.attempts_max) + " attempts"};
    return false;
  }
  auto item = entry.courier->next(now);
  if (!item) return troubled(std::move(item).error());
  if (!*item) return false;
  auto reader = events_.read({.from = (*item)->position, .to = (*item)->position});
  UnderWay under_way{.id = entry.subscription.id, .created = entry.subscription.created, .item = **item};
  auto request = [&]() -> Result<SentRequest> {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    return request_for(entry, **event, under_way);
  }();
  if (!request) {
    entry.courier->put_back(**item);
    return troubled(std::move(request).error());
  }
  entry.trouble.reset();
  request->tag = next_tag_++;
  under_way_.emplace(request->tag, std::move(under_way));
  sender.begin(std::move(*request));
  return true;
}

Result<SentRequest> Webhooks::request_for(const Entry& entry, const RecordedEvent& event, UnderWay& under_way) const {
  auto body = body_of(event, keys_);
  if (!body) return std::move(body).error();
  auto& state = entry.subscription.state;
  auto& id = entry.subscription.id;
  auto now = clock_.now();
  under_way.event = to_text(event.id());
  under_way.stream = stream_name(event.stream_type, event.stream_id);
  under_way.type = event.type;
  under_way.url = state.url;
  under_way.message_id = message_id(event.id());
  under_way.seconds = now.micros / 1'000'000;
  under_way.bytes = body->size();
  auto signature = [&](std::uint32_t rotation) { return sign(secret_of(keys_, id, rotation), under_way.message_id, under_way.seconds, *body); };
  auto signatures = signature(state.rotation);
  if (now < state.previous_until) signatures += ' ' + signature(state.rotation - 1);
  return SentRequest{.tag = 0,
                     .url = state.url,
                     .body = std::move(*body),
                     .headers = {{"content-type", "application/json"},
                                 {"user-agent", "rapport"},
                                 {"webhook-id", under_way.message_id},
                                 {"webhook-timestamp", std::to_string(under_way.seconds)},
                                 {"webhook-signature", signatures}}};
}

void Webhooks::take(const Answer& answer) {
  auto found = under_way_.find(answer.tag);
  if (found == under_way_.end()) return;
  auto under_way = std::move(found->second);
  under_way_.erase(found);
  auto known = entries_.find(under_way.id);
  if (known == entries_.end() || known->second->subscription.created != under_way.created || !known->second->courier) return;  // deleted meanwhile
  auto& entry = *known->second;
  std::string outcome = "delivered";
  std::optional<Timestamp> next;
  if (answer.error.empty() && answer.status >= 200 && answer.status < 300) {
    entry.courier->delivered(under_way.item, clock_.now());
    entry.last_failure.clear();
  } else {
    take_failure(entry, under_way, answer, outcome, next);
  }
  record(entry, under_way, answer, outcome, next);
}

void Webhooks::take_failure(Entry& entry, UnderWay& under_way, const Answer& answer, std::string& outcome, std::optional<Timestamp>& next) {
  auto now = clock_.now();
  std::optional<Timestamp> not_before;
  if (answer.retry_after) not_before = Timestamp{now.micros + answer.retry_after->count() * 1'000'000};
  entry.last_failure = failure_of(answer);
  next = entry.courier->failed(under_way.item, now, not_before);
  outcome = next ? "again" : "givenUp";
  if (answer.error.empty() && answer.status == kGone) {
    outcome = "givenUp";
    next.reset();
    entry.given_up = Entry::GivenUp{webhook::PauseCause::GONE, "the receiver answered 410: it is gone"};
  } else if (!next) {
    entry.given_up = Entry::GivenUp{webhook::PauseCause::EXHAUSTED, "the event at position " + std::to_string(under_way.item.position.value) +
                                                                        " was not taken in " + std::to_string(retry_.attempts_max) +
                                                                        " attempts; at last: " + entry.last_failure};
  }
}

void Webhooks::record(const Entry& entry, const UnderWay& under_way, const Answer& answer, const std::string& outcome, std::optional<Timestamp> next) {
  Json line{{"at", to_text(clock_.now())},
            {"position", under_way.item.position.value},
            {"event", under_way.event},
            {"stream", under_way.stream},
            {"type", under_way.type},
            {"attempt", under_way.item.attempt},
            {"outcome", outcome},
            {"request", {{"url", under_way.url}, {"id", under_way.message_id}, {"timestamp", under_way.seconds}, {"bytes", under_way.bytes}}},
            {"answer", answer.status == 0 ? Json(nullptr) : Json{{"status", answer.status}, {"body", answer.body}}},
            {"error", answer.error.empty() ? Json(nullptr) : Json(answer.error)},
            {"milliseconds", answer.took.count()},
            {"nextAttemptAt", next ? Json(to_text(*next)) : Json(nullptr)}};
  auto written = entry.attempts.append(line.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!written) spdlog::warn("webhook {}: the log of deliveries lacks an attempt: {}", under_way.id, written.error().message);
}

// Until the pause is in the log nothing more is sent.
void Webhooks::pause_given_up(const Pause& pause) {
  auto now = clock_.now();
  for (auto& [id, entry] : entries_) {
    if (!entry->given_up || now < entry->given_up->again) continue;
    spdlog::error("webhook {} is paused: {}", id, entry->given_up->detail);
    if (auto paused = pause(id, entry->given_up->cause, entry->given_up->detail); !paused) {
      spdlog::error("webhook {}: its pause cannot be recorded: {}", id, paused.error().message);
      entry->given_up->again = {now.micros + kAgainMicros};
    }
  }
  look_again();
}

void Webhooks::save(bool at_once) {
  auto now = clock_.now();
  if (!at_once && now.micros - saved_.micros < kSaveEvery.count() * 1'000) return;
  saved_ = now;
  for (auto& [id, entry] : entries_) {
    if (!entry->courier || !entry->courier->take_dirty()) continue;
    if (auto saved = entry->place.save(entry->courier->place()); !saved) {
      entry->courier->set_dirty();
      spdlog::error("webhook {}: its place cannot be saved: {}", id, saved.error().message);
    }
  }
}

milliseconds Webhooks::until_due() const {
  auto now = clock_.now();
  auto wait = kSaveEvery;
  for (auto& [id, entry] : entries_) {
    if (!entry->courier || !entry->subscription.is_active() || entry->given_up || entry->trouble) continue;
    if (auto due = entry->courier->due()) wait = std::min(wait, milliseconds(std::max<std::int64_t>((due->micros - now.micros) / 1'000, 1)));
  }
  return wait;
}

}  // namespace rapport::webhooks
