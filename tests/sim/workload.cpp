#include "tests/sim/workload.h"

#include <deque>
#include <thread>

namespace rapport::sim {
namespace {

constexpr std::size_t kStreams = 6;
constexpr std::size_t kSettledOnTheWay = 64, kSettledWhenAsked = 1u << 20;  // events
constexpr std::size_t kSyncedApart = 1'000;                                 // bytes: some groups of a crowd, not all
constexpr std::uint64_t kCommandsPerThread = 1'000'000;

std::string text(const Error& error) { return error.reason + ": " + error.message; }

std::string stream_of(std::size_t n) { return (n % 2 ? "case-" : "opportunity-") + std::to_string(n); }

}  // namespace

std::string Workload::open() {
  auto opened = test::WholeStore::open(
      path_, clock_, true, {.unsettled_events = threads_too_ ? kSettledOnTheWay : kSettledWhenAsked, .sync_apart_bytes = kSyncedApart});
  if (!opened) return text(opened.error());
  store_ = std::move(*opened);
  return {};
}

std::string Workload::run(std::size_t steps) {
  if (!store_.events)
    if (auto failed = open(); !failed.empty()) return failed;
  for (std::size_t i = 0; i < steps; ++i)
    if (auto failed = step(); !failed.empty()) return failed;
  return {};
}

std::string Workload::step() {
  clock_.advance(1000);
  switch (below(24)) {
    case 0:
      store_.close();
      return open();
    case 1: {
      auto settled = store_.events->settle();
      return settled ? std::string() : text(settled.error());
    }
    case 2:
    case 3: return make_key();
    case 4:
    case 5:
    case 6: return append_some();
    case 7: return append_one(++commands_, stream_of(below(kStreams)), 100 + below(60), 300 + below(200));  // several frames
    default: return append_one(++commands_, stream_of(below(kStreams)), 1 + below(4), 16 + below(700));
  }
}

std::string Workload::append_one(std::uint64_t command, const std::string& stream, std::size_t events, std::size_t bytes) {
  auto version = store_.events->version_of(stream);
  if (!version) return text(version.error());
  test::Sample sample(command);
  sample.on(stream, version->value, events, "opened", bytes);
  history_.tried(command, stream, events, files_.now());
  auto outcomes = store_.events->append({&sample.append(), 1});
  if (!outcomes) return text(outcomes.error());
  const auto* appended = std::get_if<Appended>(&outcomes->front());
  if (!appended) return "refused";
  history_.acknowledged(command, appended->outcome, files_.now());
  return {};
}

// Several in one call, which share a sync, one of them an earlier one again.
std::string Workload::append_some() {
  std::deque<test::Sample> samples;
  std::vector<Append> appends;
  std::map<std::string, std::uint64_t> versions;
  auto first = commands_ + 1;
  for (std::size_t i = 0; i < 2 + below(4); ++i) {
    auto stream = stream_of(below(kStreams));
    auto kept = store_.events->version_of(stream);
    if (!kept) return text(kept.error());
    auto& version = versions.try_emplace(stream, kept->value).first->second;
    auto events = 1 + below(3);
    appends.push_back(samples.emplace_back(++commands_).on(stream, version, events).append());
    version += events;
    history_.tried(commands_, stream, events, files_.now());
  }
  appends.push_back(appends.front());
  auto outcomes = store_.events->append(appends);
  if (!outcomes) return text(outcomes.error());
  for (std::size_t i = 0; i + 1 < appends.size(); ++i) {
    const auto* appended = std::get_if<Appended>(&(*outcomes)[i]);
    if (!appended) return "refused";
    history_.acknowledged(first + i, appended->outcome, files_.now());
  }
  return std::holds_alternative<AlreadyAppended>(outcomes->back()) ? std::string() : "appended twice";
}

std::string Workload::make_key() {
  auto subject = "account-" + std::to_string(++keys_);
  auto key = store_.keys->key_for(subject);
  if (!key) return text(key.error());
  if (auto synced = store_.keys->sync(); !synced) return text(synced.error());
  history_.key_acknowledged({subject, *key}, files_.now());
  return {};
}

std::string Workload::crowd(std::size_t threads, std::size_t appends) {
  std::mutex mutex;
  std::string first_failure;
  {
    std::vector<std::jthread> crowd;
    for (std::size_t t = 1; t <= threads; ++t)
      crowd.emplace_back([&, t] {
        for (std::size_t i = 0; i < appends; ++i) {
          auto failed = append_one(t * kCommandsPerThread + i, "case-crowd" + std::to_string(t), 1 + i % 3, 16 + i * 37 % 500);
          if (failed.empty()) continue;
          std::lock_guard lock(mutex);
          if (first_failure.empty()) first_failure = failed;
          return;
        }
      });
  }
  return first_failure;
}

}  // namespace rapport::sim
