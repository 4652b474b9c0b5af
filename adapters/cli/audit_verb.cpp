// audit-topic: with the topics alone, whether they have every event.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "adapters/cli/kafka_options.h"
#include "adapters/cli/progress_bar.h"
#include "adapters/cli/verb.h"
#include "adapters/kafka/audit.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

Json document_of(const kafka::AuditReport& report, bool keys_named) {
  Json document{{"ok", !report.finding}};
  if (const auto& finding = report.finding) {
    document["what"] = fmt::format("{}: {}[{}] at offset {}: expected {}; found {}", finding->problem, finding->topic, finding->partition,
                                   finding->offset, finding->expected, finding->found);
    document["problem"] = finding->problem;
    document["topic"] = finding->topic;
    document["partition"] = finding->partition;
    document["offset"] = finding->offset;
    document["position"] = finding->position;
    document["expected"] = finding->expected;
    document["found"] = finding->found;
  } else {
    document["what"] = report.events ? fmt::format("every event from 1 to {}, unaltered", report.events) : "no event";
  }
  document["origin"] = report.origin;
  document["events"] = report.events;
  document["root"] = to_hex(report.root);
  document["checkpoints"] = report.checkpoints;
  document["checkedUpTo"] = report.checked_up_to;
  // Without a key that is known from elsewhere a signature says nothing.
  document["signedUpTo"] = keys_named ? Json(report.checked_up_to) : Json();
  document["repeated"] = report.repeated;
  if (!report.repeats.empty()) {
    auto& repeats = document["repeats"] = Json::array();
    for (const auto& repeat : report.repeats)
      repeats.push_back({{"topic", repeat.topic}, {"partition", repeat.partition}, {"offset", repeat.offset}, {"position", repeat.position}});
  }
  document["opened"] = report.opened;
  return document;
}

class AuditVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("audit-topic", "prove with the topics alone that they have every event, unaltered");
    kafka_.declare(verb, "read from this broker")->required();
    verb->add_option("--pub", keys_, "a verifier's key, known from elsewhere, that must have signed the checkpoints; may be repeated: any of them");
    verb->add_flag("--log-only", log_only_, "crm.log.v1 and crm.checkpoints.v1 alone, not the topics of events");
    add_output(verb, session);
    add_example(verb, "rapport audit-topic --kafka localhost:9092");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto stop = stop_on_signals();
    auto connection = kafka_.connection();
    if (!connection) return std::move(connection).error();
    kafka::AuditOptions options{.connection = std::move(*connection), .log_only = log_only_};
    for (const auto& text : keys_) {
      auto key = NoteVerifier::parse(text);
      if (!key) return key.error();
      options.keys.push_back(std::move(*key));
    }
    auto report = [&] {
      ProgressBar bar(session.quiet);
      return kafka::audit_topics(options, [&](std::uint64_t events) { bar.show({"audit", "events", events, 0}); }, stop);
    }();
    if (!report) return std::move(report).error();
    print(show_document(document_of(*report, !keys_.empty()).dump(-1, ' ', false, Json::error_handler_t::replace), session.format()));
    return report->finding ? 1 : 0;
  }

 private:
  KafkaOptions kafka_;
  std::vector<std::string> keys_;
  bool log_only_ = false;
};

}  // namespace

void add_audit_verb(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<AuditVerb>()); }

}  // namespace rapport::cli
