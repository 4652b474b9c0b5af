// The parts of a request that carry values: parameters, headers, JSON bodies. Each reader says what was wrong
// and where.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/application/service.h"
#include "adapters/http/message.h"
#include "domain/result.h"

namespace rapport {

// Query parameters by name. Errors: kInvalid "http.bad_parameter", "http.duplicate_parameter",
// "http.unknown_parameter".
class Parameters final {
 public:
  // `names` are the ones that mean something here; every one at most once, but for `repeatable`.
  static Result<Parameters> read(std::vector<std::pair<std::string, std::string>> all,
                                 std::initializer_list<std::string_view> names, std::string_view repeatable = {});

  std::string text(std::string_view name) const;  // empty if it is not there
  std::vector<std::string> texts(std::string_view name) const;  // of the repeatable one
  std::string time(std::string_view name) const;  // likewise; a plus that became a space is a plus again
  Result<std::optional<std::uint64_t>> number(std::string_view name) const;

  const std::vector<std::pair<std::string, std::string>>& others() const { return others_; }
  Result<void> refuse_others() const;

 private:
  std::vector<std::pair<std::string, std::string>> named_, others_;
};

// A whole decimal number, without sign.
std::optional<std::uint64_t> parse_number(std::string_view text);

// What If-Match and If-None-Match ask of the stream's version: "7" is version 7, If-None-Match: * is version
// 0, a new stream. Errors: kInvalid "http.bad_header".
Result<std::optional<std::uint64_t>> expected_version(const HttpRequest& request);

// Idempotency-Key, Rapport-Reason (code[:text]), Rapport-Actor, Rapport-Occurred-At, Rapport-Tags (separated by commas, each encoded for itself) into `command`; and traceparent,
// as a tag of its events: one that is out of form counts as none. Values
// may be percent-encoded, since headers have no agreed way for other than ASCII. Errors: kInvalid
// "http.bad_target".
Result<void> read_command_headers(const HttpRequest& request, CommandRequest& command);

// {"mapping":"crm-sales","files":["/…"],"dryRun":false,"rejects":"/…","timeZone":"Europe/Berlin"}, and back.
// Errors: kInvalid "http.bad_json", "http.duplicate_field", "http.unknown_field", "http.missing_field", "http.wrong_type".
Result<ImportRequest> read_import(std::string_view body);
std::string write_import(const ImportRequest& request);

// {"folder":"/…","keys":"/…"}, and back. Errors: as above.
Result<BackupRequest> read_backup(std::string_view body);
std::string write_backup(const BackupRequest& request);

// {"checkpoint":"a signed note","keys":["NAME+HASH+KEY"],"witnesses":[…]}, and back. Errors: as above.
Result<ProofRequest> read_old_checkpoint(std::string_view body);
std::string write_old_checkpoint(const ProofRequest& request);

// What a request to a consumer group says, each kind its own members: match, from, attemptsMax, leaseSeconds; max; positions,
// error, park. An empty body is {}. And back. Errors: as above.
Result<void> read_group(std::string_view body, GroupRequest& request);
std::string write_group(const GroupRequest& request);

// Parameters from, to, limit; {"from":1,"to":9} with `to` left out for the log's end, and back. Errors: as above.
Result<void> read_deliveries(const Parameters& parameters, WebhookRequest& request);
Result<void> read_replay(std::string_view body, WebhookRequest& request);
std::string write_replay(const WebhookRequest& request);

// {"dryRun":true} or nothing. Errors: as above.
Result<bool> read_revert(std::string_view body);

}  // namespace rapport
