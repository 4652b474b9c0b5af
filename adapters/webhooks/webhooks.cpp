#include "adapters/webhooks/webhooks.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"
#include "adapters/webhooks/entry.h"
#include "adapters/webhooks/signature.h"

namespace rapport::webhooks {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDeliveriesMax = 1'000;

std::string printed(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <class T, std::size_t n>
const char* named(T value, const char* const (&names)[n]) {
  auto at = static_cast<std::size_t>(value);
  return at < n ? names[at] : "unknown";
}

constexpr const char* kCauses[] = {"unspecified", "asked", "gone", "exhausted", "unfit"};

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

Webhooks::Webhooks(const EventStore& events, const SubjectKeys& keys, const Clock& clock, std::filesystem::path folder, RetryRule retry)
    : events_(events), keys_(keys), clock_(clock), folder_(std::move(folder)), retry_(retry), subscriptions_(events) {}
Webhooks::~Webhooks() = default;

Webhooks::Entry& Webhooks::entry_of(const Subscription& subscription) {
  auto& entry = entries_[subscription.id];
  // One that was deleted and made again begins anew.
  if (!entry || entry->subscription.created != subscription.created) entry = std::make_unique<Entry>(folder_ / subscription.id);
  entry->subscription = subscription;
  return *entry;
}

void Webhooks::open_courier(Entry& entry) {
  auto now = clock_.now();
  if (entry.courier || now < entry.trouble_until) return;
  constexpr std::int64_t kAgainMicros = 60'000'000;
  auto opened = [&]() -> Result<std::unique_ptr<Courier>> {
    auto place = entry.place.load();
    if (!place) return std::move(place).error();
    return Courier::open(events_, entry.subscription, std::move(*place), retry_);
  }();
  entry.trouble.reset();
  if (opened) {
    entry.courier = std::move(*opened);
    return;
  }
  entry.trouble = opened.error();
  entry.trouble_until = {now.micros + kAgainMicros};
  spdlog::error("webhook {}: {}", entry.subscription.id, opened.error().message);
  if (opened.error().code == ErrorCode::kInvalid && entry.subscription.is_active())
    entry.given_up = Entry::GivenUp{webhook::PauseCause::UNFIT, opened.error().message};
}

Result<void> Webhooks::refresh() {
  if (auto refreshed = subscriptions_.refresh(); !refreshed) return refreshed;
  for (auto& [id, subscription] : subscriptions_.all()) {
    if (!subscription.is_live()) continue;
    auto& entry = entry_of(subscription);
    if (!subscription.is_active()) entry.given_up.reset();
    if (subscription.unreadable) {
      entry.courier.reset();
      entry.trouble = subscription.unreadable;
      continue;
    }
    open_courier(entry);
    if (!entry.courier) continue;
    if (auto followed = entry.courier->follow(subscription, clock_.now()); !followed) {
      entry.courier.reset();
      entry.trouble_until = {0};
    }
  }
  return {};
}

// What a deleted subscription leaves behind: only whoever delivers clears it away.
void Webhooks::remove_deleted() {
  for (auto& [id, subscription] : subscriptions_.all()) {
    if (subscription.is_live() || cleared_away_[id] == subscription.created) continue;
    cleared_away_[id] = subscription.created;
    entries_.erase(id);
    if (auto removed = PlaceFile(folder_ / id).remove(); !removed) spdlog::warn("webhook {}: {}", id, removed.error().message);
  }
}

Result<Webhooks::Entry*> Webhooks::find(const std::string& id) {
  if (auto refreshed = refresh(); !refreshed) return std::move(refreshed).error();
  auto known = subscriptions_.all().find(id);
  if (known == subscriptions_.all().end() || !known->second.is_live())
    return Error{ErrorCode::kNotFound, "webhook.unknown", "there is no webhook \"" + id + "\"", "/webhook", "", "rapport webhook list"};
  return entries_.at(id).get();
}

std::string Webhooks::document_of(const Entry& entry) const {
  auto& state = entry.subscription.state;
  auto active = state.status == webhook::Status::kActive;
  auto head = events_.head().position.value;
  Json document{{"webhook", entry.subscription.id},
                {"url", state.url},
                {"match", state.match},
                {"ordering", state.ordering == webhook::Ordering::UNORDERED ? "unordered" : "perStream"},
                {"description", text_or_null(state.description)},
                {"status", active ? "active" : "paused"},
                {"cause", active ? Json(nullptr) : Json(named(state.cause, kCauses))},
                {"detail", text_or_null(active ? "" : state.detail)},
                {"rotation", state.rotation},
                {"head", head}};
  if (entry.courier) {
    auto position = entry.courier->checkpoint().value;
    auto due = entry.courier->due();
    document["position"] = position;
    document["behindPositions"] = head > position ? head - position : 0;
    document["waiting"] = entry.courier->unsettled();
    document["retrying"] = entry.courier->retrying();
    document["nextAttemptAt"] = due && due->micros > 0 ? Json(to_text(*due)) : Json(nullptr);
    auto replays = Json::array();
    for (auto& replay : entry.courier->replays())
      replays.push_back({{"from", replay.from.value}, {"to", replay.to.value}, {"position", replay.done.value}});
    document["replays"] = replays;
  }
  document["lastFailure"] = text_or_null(entry.last_failure);
  document["trouble"] = entry.trouble ? Json(entry.trouble->message) : Json(nullptr);
  return printed(document);
}

Result<std::string> Webhooks::list() {
  std::lock_guard lock(mutex_);
  if (auto refreshed = refresh(); !refreshed) return std::move(refreshed).error();
  std::string all;
  for (auto& [id, subscription] : subscriptions_.all()) {
    if (!subscription.is_live()) continue;
    all += (all.empty() ? "" : ",") + document_of(*entries_.at(id));
  }
  return "{\"webhooks\":[" + all + "]}";
}

Result<std::string> Webhooks::status(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto entry = find(id);
  if (!entry) return std::move(entry).error();
  return document_of(**entry);
}

Result<std::string> Webhooks::with_secret(const std::string& id, const std::string& receipt) {
  std::lock_guard lock(mutex_);
  auto entry = find(id);
  if (!entry) return std::move(entry).error();
  auto document = document_of(**entry);
  document.pop_back();
  auto secret = to_text(secret_of(keys_, id, (*entry)->subscription.state.rotation));
  return document + ",\"secret\":\"" + secret + "\",\"receipt\":" + receipt + "}";
}

Result<std::string> Webhooks::deliveries(const std::string& id, const DeliveriesWanted& wanted) {
  std::lock_guard lock(mutex_);
  auto entry = find(id);
  if (!entry) return std::move(entry).error();
  auto lines = (*entry)->attempts.last(std::min(wanted.limit, kDeliveriesMax), [&](const std::string& line) {
    auto attempt = Json::parse(line, nullptr, false);
    if (attempt.is_discarded() || !attempt.contains("position")) return false;
    Position position{attempt["position"].get<std::uint64_t>()};
    return wanted.from <= position && position <= wanted.to;
  });
  std::string all;
  for (auto& line : lines) all += (all.empty() ? "" : ",") + line;
  return "{\"webhook\":" + printed(Json(id)) + ",\"deliveries\":[" + all + "]}";
}

Result<std::string> Webhooks::replay(const std::string& id, Position from, Position to) {
  std::lock_guard lock(mutex_);
  auto entry = find(id);
  if (!entry) return std::move(entry).error();
  if (from > to || from > events_.head().position)
    return Error{ErrorCode::kInvalid, "webhook.bad_range", "there is no event from " + std::to_string(from.value) + " to " + std::to_string(to.value), "/from",
                 "positions of the log, the first one first"};
  auto& courier = (*entry)->courier;
  if (!courier) return *(*entry)->trouble;
  if (auto replaying = courier->replay(from, to); !replaying) return std::move(replaying).error();
  courier->take_dirty();
  if (auto saved = (*entry)->place.save(courier->place()); !saved) return std::move(saved).error();
  return document_of(**entry);
}

}  // namespace rapport::webhooks
