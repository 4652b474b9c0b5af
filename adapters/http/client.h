// The Service of a running server, from outside: what the command line uses when `serve` holds the store, or
// with --server.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "adapters/application/service.h"
#include "domain/result.h"

namespace rapport {

// Safe for concurrent use: every call has a connection of its own. Errors are the server's, with their codes;
// besides kUnavailable "http.unreachable" (nobody there, or gone before the answer) and "http.timeout".
class RemoteService final : public Service {
 public:
  // Of every call but backup, import, revert, verify and following events, which take as long as they take.
  static constexpr std::chrono::milliseconds kTimeout{60'000};

  // "http://127.0.0.1:8080" or "127.0.0.1:8080". Connects to nobody yet. Errors: kInvalid "http.bad_address".
  static Result<RemoteService> at(std::string_view url, std::chrono::milliseconds timeout = kTimeout);

  Result<std::string> command(const CommandRequest& request) override;
  Result<std::string> query(const QueryRequest& request) override;
  // Ends with kUnavailable "http.unreachable" when the server stops in the middle; what `line` got is then
  // not all.
  Result<void> events(const EventsRequest& request, const LineSink& line, std::stop_token stop) override;
  Result<std::string> inspect() override;
  Result<std::string> bus() override;
  Result<std::string> verify(const Progress& progress) override;
  // Paths are made absolute: the server opens them, on this machine.
  Result<std::string> import(const ImportRequest& request, const Progress& progress) override;
  Result<std::string> revert(const std::string& import_id, bool dry_run) override;
  Result<std::string> backup(const BackupRequest& request, const Progress& progress) override;
  Result<std::string> prove(const ProofRequest& request) override;
  Result<std::string> group(const GroupRequest& request, std::stop_token stop = {}) override;
  Result<std::string> webhook(const WebhookRequest& request) override;
  Result<std::string> subject(const std::string& name) override;

 private:
  RemoteService(std::string host, std::uint16_t port, std::chrono::milliseconds timeout);
  Result<void> read(const EventsRequest& request, const LineSink& line, std::stop_token stop);
  Result<void> follow(const EventsRequest& request, const LineSink& line, std::stop_token stop);

  std::string host_;  // without brackets
  std::uint16_t port_;
  std::chrono::milliseconds timeout_;
};

}  // namespace rapport
