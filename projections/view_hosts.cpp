#include "projections/view_hosts.h"

namespace rapport::projections {
namespace {

// Calls f(host) -> Result<T> for each, a thread a view, and hands the answers on in the views' order; the first error if any.
template <class T>
Result<std::vector<T>> in_parallel(const std::vector<ViewHost*>& hosts, auto&& f) {
  std::vector<std::optional<Result<T>>> answers(hosts.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < hosts.size(); ++i) threads.emplace_back([&, i] { answers[i].emplace(f(*hosts[i])); });
  }
  std::vector<T> out;
  for (auto& answer : answers) {
    if (!*answer) return std::move(*answer).error();
    out.push_back(std::move(**answer));
  }
  return out;
}

// Likewise, of what answers only whether it went well.
Result<void> each_in_parallel(const std::vector<ViewHost*>& hosts, auto&& f) {
  struct Nothing {};
  auto done = in_parallel<Nothing>(hosts, [&](ViewHost& host) -> Result<Nothing> {
    auto one = f(host);
    if (!one) return std::move(one).error();
    return Nothing{};
  });
  if (!done) return std::move(done).error();
  return {};
}

}  // namespace

ViewHosts::ViewHosts(const EventStore& log, RowStores& stores, const std::vector<ViewType>& types) {
  for (auto& type : types) hosts_.push_back(ViewHost::open(type, log, stores));
}

Result<ViewHost*> ViewHosts::find(std::string_view name) const {
  std::string known;
  for (auto& host : hosts_) {
    if (host->type().name == name) return host.get();
    known.append(known.empty() ? "one of " : ", ").append(host->type().name);
  }
  return Error{.code = ErrorCode::kNotFound,
               .reason = "view.unknown",
               .message = "there is no view \"" + std::string(name) + "\"",
               .field = "view",
               .expected = known};
}

static std::vector<ViewHost*> pointers(const std::vector<std::unique_ptr<ViewHost>>& hosts) {
  std::vector<ViewHost*> out;
  for (auto& host : hosts) out.push_back(host.get());
  return out;
}

Result<void> ViewHosts::catch_up(const ProgressCall& progress, std::stop_token stop) const {
  return each_in_parallel(pointers(hosts_), [&](ViewHost& host) { return host.catch_up(progress, stop); });
}

void ViewHosts::follow() const {
  for (auto& host : hosts_) host->follow();
}

bool ViewHosts::wait_for(Position position, std::chrono::milliseconds timeout_ms) const {
  auto until = std::chrono::steady_clock::now() + timeout_ms;
  for (auto& host : hosts_) {
    if (!host->health()) continue;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!host->wait_for(position, std::max(left, std::chrono::milliseconds(0)))) return false;
  }
  return true;
}

Result<std::vector<Rebuilt>> ViewHosts::rebuild(std::span<const std::string> names, const ProgressCall& progress,
                                                std::stop_token stop) const {
  std::vector<ViewHost*> hosts;
  for (auto& name : names) {
    auto host = find(name);
    if (!host) return std::move(host).error();
    hosts.push_back(*host);
  }
  if (names.empty()) hosts = pointers(hosts_);
  return in_parallel<Rebuilt>(hosts, [&](ViewHost& host) { return host.rebuild(progress, stop); });
}

Result<void> ViewHosts::verify(const ProgressCall& progress, std::stop_token stop) const {
  return each_in_parallel(pointers(hosts_), [&](ViewHost& host) { return host.verify(progress, stop); });
}

}  // namespace rapport::projections
