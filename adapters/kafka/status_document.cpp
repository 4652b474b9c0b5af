#include "adapters/kafka/status_document.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"
#include "adapters/kafka/cluster.h"
#include "adapters/kafka/resume.h"
#include "adapters/kafka/state_cursor.h"
#include "eventstore/clock.h"
#include "eventstore/event_store.h"

namespace rapport::kafka {
namespace {

using Json = nlohmann::ordered_json;

// How far a place in the log is behind its head.
class Lags {
 public:
  explicit Lags(const EventStore* store) : store_(store), now_(SystemClock().now()) {
    if (store) head_ = store->head().position;
  }
  Json events(Position through) const {
    return head_ ? Json(head_->value - std::min(*head_, through).value) : Json(nullptr);
  }
  Json seconds(Position through) {
    if (!head_) return nullptr;
    if (through >= *head_) return 0;
    auto [known, added] = seconds_.try_emplace(through.value);
    if (added) known->second = seconds_since(through.value + 1);
    return known->second;
  }
  Json head() const { return head_ ? Json(head_->value) : Json(nullptr); }

 private:
  Json seconds_since(std::uint64_t position) const {
    auto reader = store_->read({.from = {position}, .to = {position}});
    auto event = reader->next();
    if (!event || !*event) return nullptr;
    return static_cast<double>(std::max<std::int64_t>(0, now_.micros - (*event)->recorded_at.micros) / 1'000) / 1'000;
  }

  const EventStore* store_;
  const Timestamp now_;
  std::optional<Position> head_;
  std::map<std::uint64_t, Json> seconds_;
};

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// Of a cursor: everything up to its position is there.
std::vector<PartitionStatus> partitions_of(const Cursor& cursor) {
  std::vector<PartitionStatus> found;
  for (const auto& [topic, list] : cursor.topics) {
    auto apart = cursor.behind.find(topic);
    const bool behind = apart != cursor.behind.end();
    for (std::size_t i = 0; i < list.size(); ++i)
      found.push_back({.topic = topic,
                       .partition = static_cast<std::int32_t>(i),
                       .sequence = list[i].sequence,
                       .offset = list[i].offset,
                       .through = std::max(behind ? apart->second : cursor.position, Position{list[i].sequence}),
                       .behind = behind});
  }
  return found;
}

Position position_of(const Cursor& cursor) {
  auto position = cursor.position;
  for (const auto& [topic, complete] : cursor.behind) position = std::min(position, complete);
  return position;
}

// Up to where the topics of views have their rows.
StateStatus remembered_rows(const std::filesystem::path& folder, const std::string& cluster) {
  StateStatus status;
  if (auto cursor = read_state_cursor(folder, cluster))
    for (const auto& [view, published] : cursor->views) status.positions[view] = published.position;
  return status;
}

}  // namespace

std::string status_document(const BusPicture& picture, const EventStore* store) {
  const auto& status = picture.status;
  Lags lags(store);
  Json alarms = Json::array(), topics = Json::array();
  for (const auto& alarm : picture.alarms)
    alarms.push_back({{"code", alarm.what.code},
                      {"message", alarm.what.message},
                      {"times", alarm.times},
                      {"firstAt", to_text(alarm.first)},
                      {"lastAt", to_text(alarm.last)}});
  for (const auto& partition : status.partitions) {
    auto lag = lags.events(partition.through);
    const bool late = lag.is_number() && lag != 0;
    topics.push_back({{"topic", partition.topic},
                      {"partition", partition.partition},
                      {"position", partition.sequence},
                      {"offset", partition.offset},
                      {"lag", lag},
                      {"lagSeconds", lags.seconds(partition.through)},
                      {"doing", partition.behind ? "is filled apart" : !status.connected ? "nothing" : late ? "publishes" : "has everything"}});
  }
  for (const auto& [view, position] : picture.rows.positions) {
    const auto lag = lags.events(position);
    topics.push_back({{"topic", state_topic(view)},
                      {"partition", nullptr},
                      {"position", position.value},
                      {"offset", nullptr},
                      {"lag", lag},
                      {"lagSeconds", lags.seconds(position)},
                      {"doing", !picture.rows.connected ? "nothing" : lag.is_number() && lag != 0 ? "publishes" : "has every row"}});
  }
  Json document{{"cluster", or_null(status.cluster)},
                {"brokers", picture.brokers},
                {"connected", status.connected},
                {"doing", or_null(status.doing)},
                {"position", status.position.value},
                {"head", lags.head()},
                {"lag", lags.events(status.position)},
                {"lagSeconds", lags.seconds(status.position)},
                {"trouble", or_null(status.trouble.empty() ? picture.rows.trouble : status.trouble)},
                {"alarms", std::move(alarms)},
                {"topics", std::move(topics)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);  // what brokers say may be no UTF-8
}

std::vector<BusPicture> remembered_pictures(const std::filesystem::path& folder) {
  std::vector<BusPicture> found;
  for (const auto& cursor : read_cursors(folder))
    found.push_back({.status = {.position = position_of(cursor),
                                .trouble = {},
                                .doing = "no relay runs here: as the last one remembered it",
                                .cluster = cursor.cluster,
                                .partitions = partitions_of(cursor)},
                     .alarms = {},
                     .brokers = cursor.brokers,
                     .rows = remembered_rows(folder, cursor.cluster)});
  return found;
}

namespace {

// What a relay would look at before it begins, without making anything.
Result<ResumeFacts> facts_of(Cluster& cluster, const std::filesystem::path& folder, Position head, std::vector<Notice>& notices) {
  ResumeFacts facts{.head = head, .tails = {}, .heads = {}, .cursor = read_cursor(folder, cluster.id())};
  auto there = cluster.topics();
  if (!there) return there.error();
  std::map<std::string, std::int32_t> ours;
  for (const auto& plan : planned_topics(kPartitionsDefault)) {
    if (auto found = there->find(plan.name); found != there->end()) ours.insert(*found);
    else notices.push_back({"bus.no_topic", "topic " + plan.name + " is not there: a relay makes it"});
  }
  auto used = partitions_in_use(ours, facts.cursor, &notices);
  if (!used) notices.push_back({used.error().reason, used.error().message + "; " + used.error().hint});
  auto tails = cluster.tails(used ? *used : ours);
  if (!tails) return tails.error();
  facts.tails = std::move(*tails);
  auto heads = cluster.heads(facts.tails);
  if (!heads) return heads.error();
  facts.heads = std::move(*heads);
  return facts;
}

std::vector<PartitionStatus> partitions_of(const ResumeFacts& facts, const ResumePlan* plan) {
  std::vector<PartitionStatus> found;
  for (const auto& [topic, list] : facts.tails)
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto last = list[i].last ? list[i].last->sequence : plan ? plan->sequences.at(topic)[i] : 0;
      found.push_back({.topic = topic,
                       .partition = static_cast<std::int32_t>(i),
                       .sequence = last,
                       .offset = list[i].end - 1,
                       .through = plan ? std::max(plan->complete.at(topic), Position{last}) : Position{last},
                       .behind = facts.cursor && facts.cursor->behind.contains(topic)});
    }
  return found;
}

}  // namespace

Result<BusPicture> picture_of(const Connection& to, const std::filesystem::path& folder, Position head) {
  auto cluster = Cluster::connect(to);
  if (!cluster) return cluster.error();
  std::vector<Notice> notices;
  auto facts = facts_of(**cluster, folder, head, notices);
  if (!facts) return facts.error();
  auto plan = plan_resume(*facts);
  if (plan) notices.insert(notices.end(), plan->notices.begin(), plan->notices.end());
  else notices.push_back({plan.error().reason, plan.error().message + "; " + plan.error().hint});
  BusPicture picture{.status = {.position = {},
                                .trouble = {},
                                .doing = "no relay runs here: as the brokers have it",
                                .cluster = (*cluster)->id(),
                                .partitions = partitions_of(*facts, plan ? &*plan : nullptr)},
                     .alarms = {},
                     .brokers = to.brokers,
                     .rows = remembered_rows(folder, (*cluster)->id())};
  if (plan) {
    std::set<std::string> all;
    for (const auto& [topic, complete] : plan->complete) all.insert(topic);
    picture.status.position = plan->complete_of(all);
  }
  const auto now = SystemClock().now();
  for (auto& notice : notices) picture.alarms.push_back({.what = std::move(notice), .first = now, .last = now});
  return picture;
}

}  // namespace rapport::kafka
