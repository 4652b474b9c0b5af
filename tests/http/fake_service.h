// A Service in memory whose answers the tests choose: what is under test here is the protocol on top of it.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/application/service.h"

namespace rapport {

class FakeService final : public Service {
 public:
  // Hooks run instead of the plain answer, without a lock.
  std::function<Result<std::string>(const CommandRequest&)> on_command;
  std::function<Result<std::string>(const QueryRequest&)> on_query;
  std::function<Result<std::string>()> on_inspect;
  std::function<Result<std::string>(const ImportRequest&)> on_import;
  std::function<Result<std::string>(const std::string&, bool)> on_revert;
  std::string verified = R"({"ok":true,"events":0,"root":"00"})";
  std::optional<Error> events_fail_after_limit;  // after the lines of a request that was not followed

  // Who follows gets this error from now on; none: following works again.
  void fail_following(std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    follow_fails_ = std::move(error);
    grown_.notify_all();
  }

  // The next position, "opportunity-N" unless named.
  std::uint64_t append(const std::string& type = "opportunity.opened",
                       const std::string& stream = "opportunity-1", std::size_t padding = 0) {
    std::lock_guard lock(mutex_);
    const auto position = lines_.size() + 1;
    lines_.push_back(
        {stream, type,
         "{\"position\":" + std::to_string(position) + ",\"id\":\"u." + std::to_string(position) +
             "\",\"stream\":\"" + stream + "\",\"version\":1,\"type\":\"" + type +
             "\",\"data\":{\"type\":\"inner\",\"text\":\"" + std::string(padding, 'x') + "\"}}"});
    grown_.notify_all();
    return position;
  }

  Result<std::string> command(const CommandRequest& request) override {
    {
      std::lock_guard lock(mutex_);
      commands.push_back(request);
    }
    if (on_command) return on_command(request);
    const auto position =
        append(request.aggregate + "." + request.command, request.aggregate + "-" + request.id);
    return receipt(position);
  }
  std::vector<Result<std::string>> commands_together(std::span<const CommandRequest> requests) override {
    {
      std::lock_guard lock(mutex_);
      together.push_back(requests.size());
    }
    return Service::commands_together(requests);
  }
  static std::string receipt(std::uint64_t position) {
    return "{\"stream\":\"s\",\"version\":7,\"position\":" + std::to_string(position) + ",\"already\":false}";
  }

  Result<std::string> query(const QueryRequest& request) override {
    {
      std::lock_guard lock(mutex_);
      queries.push_back(request);
    }
    return on_query ? on_query(request) : Result<std::string>(R"({"rows":[]})");
  }

  Result<std::string> group(const GroupRequest& request, std::stop_token) override {
    std::lock_guard lock(mutex_);
    groups.push_back(request);
    return std::string(R"({"group":"g","events":[]})");
  }

  Result<std::string> webhook(const WebhookRequest& request) override {
    std::lock_guard lock(mutex_);
    webhooks.push_back(request);
    return std::string(R"({"webhook":"w"})");
  }

  Result<void> events(const EventsRequest& request, const LineSink& sink, std::stop_token stop) override {
    std::uint64_t next = request.from == 0 ? 1 : request.from;
    std::uint64_t left = request.limit.value_or(~std::uint64_t{0});
    while (left > 0 && next <= request.to) {
      std::unique_lock lock(mutex_);
      if (request.follow) {
        ++followers;
        grown_.wait(lock, stop, [&] { return lines_.size() >= next || follow_fails_; });
        --followers;
        if (follow_fails_) return *follow_fails_;
      }
      if (stop.stop_requested() || next > lines_.size()) break;
      const Line line = lines_[next++ - 1];
      lock.unlock();
      if (!request.stream.empty() && request.stream != line.stream) continue;
      if (!request.type.empty() && request.type != line.type) continue;
      ++lines_read;
      --left;
      if (!sink(line.text)) return {};
    }
    if (events_fail_after_limit && !request.follow) return *events_fail_after_limit;
    return {};
  }

  Result<std::string> inspect() override {
    if (on_inspect) return on_inspect();
    std::lock_guard lock(mutex_);
    const auto head = std::to_string(lines_.size());
    return "{\"origin\":\"o\",\"position\":" + head +
           ",\"views\":{\"pipeline\":{\"version\":1,\"position\":" + head + "}}}";
  }
  Result<std::string> verify(const Progress& progress) override {
    progress({"verify", "events", 1, 1});
    return verified;
  }
  Result<std::string> import(const ImportRequest& request, const Progress& progress) override {
    progress({"import", "bytes", 1, 1});
    return on_import ? on_import(request) : Result<std::string>(R"({"import":"i-1"})");
  }
  Result<std::string> revert(const std::string& id, bool dry_run) override {
    return on_revert ? on_revert(id, dry_run) : Result<std::string>(R"({"import":"i-1"})");
  }

  Result<std::string> backup(const BackupRequest& request, const Progress& progress) override {
    progress({"backup", "events", 1, 1});
    std::lock_guard lock(mutex_);
    backups.push_back(request);
    return std::string(R"({"folder":"f"})");
  }

  Result<std::string> prove(const ProofRequest& request) override {
    {
      std::lock_guard lock(mutex_);
      proofs.push_back(request);
    }
    return std::string(request.about == ProofRequest::About::kTile ? "32 bytes a hash" : R"({"proof":[]})");
  }

  Result<std::string> subject(const std::string& name) override { return "{\"subject\":\"" + name + "\"}"; }

  // Whether so many come to follow, or are left, before long.
  bool has_followers(int count) {
    for (int tries = 0; followers != count && tries < 500; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return followers == count;
  }

  std::vector<CommandRequest> commands;  // read them when nothing runs
  std::vector<std::size_t> together;     // how many came in each call; likewise
  std::vector<QueryRequest> queries;
  std::vector<GroupRequest> groups;
  std::vector<WebhookRequest> webhooks;
  std::vector<ProofRequest> proofs;
  std::vector<BackupRequest> backups;
  std::atomic<int> followers = 0;
  std::atomic<std::uint64_t> lines_read = 0;

 private:
  struct Line {
    std::string stream, type, text;
  };
  std::mutex mutex_;
  std::condition_variable_any grown_;
  std::vector<Line> lines_;
  std::optional<Error> follow_fails_;
};

}  // namespace rapport
