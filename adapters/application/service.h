// What Rapport can be asked, the same for the command line and for HTTP, for a store in this process (application/) and one that
// a server holds (http/client). Answers are the JSON documents of the published contract; whoever shows them to a person lays
// them out. Errors keep their stable codes on the way through a server.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "domain/result.h"

namespace rapport {

// How far a long piece of work is. `total` 0 = not known. Called from the working thread, at most some times a second.
struct ProgressReport {
  std::string_view what;  // "import", "rebuild pipeline", "verify"
  std::string_view unit;  // "events", "bytes"
  std::uint64_t done = 0, total = 0;
};
using Progress = std::function<void(const ProgressReport&)>;

struct CommandRequest {
  std::string aggregate, id, command;  // "opportunity", "1C1I7A6R", "win"
  std::string body = "{}";             // JSON object of the command's fields
  std::optional<std::uint64_t> expected_version;  // else decided on the current state and retried on a lost race
  std::string command_id;              // UUID; empty: a new one (version 7)
  std::string reason_code, reason_text;
  std::string actor;                   // principal id; empty: "anonymous"
  std::string occurred_at;             // RFC 3339; empty: now
  std::vector<std::string> tags;       // by which its events can be asked for
  std::string channel;                 // "cli", "http"
};

struct QueryRequest {
  std::string view, report;                       // "pipeline", "summary"
  std::vector<std::pair<std::string, std::string>> arguments;  // filters and parameters: column, value; a column may carry an operator ("name~", "amountMinor>")
  std::string as_of, known_at;                    // contract.md, "Times"; empty: now
  std::string sort, cursor;
  std::optional<std::uint64_t> limit;
  std::string time_zone;                          // of bare dates; empty: UTC
};

struct EventsRequest {
  std::uint64_t from = 0, to = ~std::uint64_t{0};
  std::string stream, type;
  std::vector<std::string> match;  // clauses of a filter, any of them: eventstore/event_filter.h, parse_filter
  std::optional<std::uint64_t> limit;
  bool backward = false;  // the last ones first; not with `follow`
  bool follow = false;    // goes on until stopped
};

struct ImportRequest {
  std::string mapping;             // a preset's name, or the path of a mapping file
  std::vector<std::string> files;
  bool dry_run = false;
  std::string rejects;             // path; empty: DIR/rejects/<import>.csv
  std::string time_zone;
};

struct BackupRequest {
  std::string folder;  // gets the backup, or what is new since the last one there
  std::string keys;    // gets the keys, in place of the copy there; empty: they are not copied
};

// What an outsider may ask of the log's tree.
struct ProofRequest {
  enum class About : std::uint8_t {
    kCheckpoint,     // the tree as it is, signed
    kInclusion,      // that an event is in it
    kConsistency,    // that it begins with an older one
    kTile,           // a tile or a bundle of leaves
    kOldCheckpoint,  // that it begins with the one of a checkpoint kept elsewhere
  };
  About about = About::kCheckpoint;
  std::uint64_t position = 0;              // the event; or the older tree's size
  std::optional<std::uint64_t> size = {};  // of the tree; none: the log as it is
  std::string text = {};                   // a tile's path; the old checkpoint
  std::vector<std::string> keys = {};      // who must have signed the old checkpoint, each of them; none: the log itself
  std::vector<std::string> witnesses = {}; // who must have cosigned it, each of them
};

// A consumer group: eventstore/groups/consumer_group.h.
struct GroupRequest {
  enum class About : std::uint8_t {
    kList,
    kStatus,
    kParked,       // the events that were given up
    kCreate,       // filter, where it begins, its limits; of a group that is there: its limits alone
    kDelete,
    kTake,         // the next events, `max` at most
    kAcknowledge,  // positions
    kRefuse,       // positions, with an error; parked at once if `park`
    kReplay,       // parked positions; none: all
  };
  About about = About::kList;
  std::string name = {};
  std::vector<std::string> match = {};                        // clauses of its filter
  std::optional<std::uint64_t> from = {};                     // the first position; none: the first of the log
  std::optional<std::uint64_t> attempts_max = {}, lease_seconds = {};
  std::uint64_t max = 100;
  std::uint64_t wait_ms = 0;                                  // for a first event
  std::vector<std::uint64_t> positions = {};
  std::string error = {};
  bool park = false;
};

// Webhooks: subscriptions (aggregate `webhook`), and how their deliveries stand.
struct WebhookRequest {
  enum class About : std::uint8_t {
    kList,
    kStatus,
    kCreate,        // `command`; the answer alone shows the secret
    kRotateSecret,  // the same
    kDeliveries,    // attempts of events from `from` to `to`, the last `limit` ones
    kReplay,        // events from `from` to `to` are delivered once more
  };
  About about = About::kList;
  std::string id = {};
  CommandRequest command = {};  // its body, id, actor, reason; aggregate and command are known
  std::uint64_t from = 0, to = ~std::uint64_t{0};
  std::optional<std::uint64_t> limit = {};
};

// A line of output: one JSON object, without the line break. False: stop.
using LineSink = std::function<bool(std::string_view line)>;

// Safe for concurrent use. Answers are JSON documents in the contract's shapes.
class Service {
 public:
  virtual ~Service() = default;
  virtual Result<std::string> command(const CommandRequest& request) = 0;              // receipt
  // Commands of different callers that came together: an answer each, as command() would give it, but less work for all.
  virtual std::vector<Result<std::string>> commands_together(std::span<const CommandRequest> requests) {
    std::vector<Result<std::string>> answers;
    for (const auto& request : requests) answers.push_back(command(request));
    return answers;
  }
  virtual Result<std::string> query(const QueryRequest& request) = 0;                  // report
  virtual Result<void> events(const EventsRequest& request, const LineSink& line, std::stop_token stop) = 0;  // an event a line
  virtual Result<std::string> inspect() = 0;
  // inspect without what has to be computed from all rows: cheap enough to be asked every second.
  virtual Result<std::string> status() { return inspect(); }
  // How publishing on Kafka stands, by topic and partition: adapters/kafka/status_document.h. "bus.not_published" if nobody
  // publishes here.
  virtual Result<std::string> bus() {
    return Error{ErrorCode::kNotFound, "bus.not_published", "nothing is published from here", "", "", "rapport serve --kafka, or rapport publish"};
  }
  virtual Result<std::string> verify(const Progress& progress) = 0;                    // {"ok":false,…} is an answer, not an error
  virtual Result<std::string> import(const ImportRequest& request, const Progress& progress) = 0;  // summary
  virtual Result<std::string> revert(const std::string& import_id, bool dry_run) = 0;
  // {"folder":…,"position":n,"root":"hex",…}; paths are of the machine that the store is on.
  virtual Result<std::string> backup(const BackupRequest& request, const Progress& progress) = 0;
  // JSON; but a checkpoint is the signed note, a tile its bytes. {"ok":false,…} about an old checkpoint is an answer, too.
  virtual Result<std::string> prove(const ProofRequest& request) = 0;
  // {"group":…} as it is then; of kList, kTake, kParked and kReplay with what was asked for.
  virtual Result<std::string> group(const GroupRequest& request, std::stop_token stop = {}) = 0;
  // {"webhook":…} as it is then; of kCreate and kRotateSecret with "secret" and "receipt", of kDeliveries with "deliveries".
  virtual Result<std::string> webhook(const WebhookRequest& request) = 0;
  // All that is known about a data subject ("account-4711"): consents, requests, hold, key, and every event with its texts.
  virtual Result<std::string> subject(const std::string& name) = 0;
};

}  // namespace rapport
