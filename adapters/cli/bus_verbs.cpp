// bus: how publishing on Kafka stands.
#include <nlohmann/json.hpp>

#include "adapters/cli/kafka_options.h"
#include "adapters/cli/verb.h"
#include "adapters/kafka/status_document.h"
#include "eventstore/event_store.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

// The document's partitions as a report's rows; what was noticed stands before the table.
std::string show_status(const std::string& document, Format format) {
  auto json = format == Format::kJson ? Json() : Json::parse(document, nullptr, false);
  if (!json.is_object()) return document + "\n";
  Json report{{"columns", {"topic", "partition", "position", "offset", "lag", "lagSeconds", "doing"}},
              {"position", json.value("position", 0ULL)},
              {"rows", json.value("topics", Json::array())}};
  auto table = show_report(report.dump(), format);
  if (format == Format::kCsv) return table;
  Json words = json;
  words.erase("topics");
  words.erase("alarms");
  auto out = show_document(words.dump(), format);
  for (auto& alarm : json.value("alarms", Json::array()))
    out += alarm.value("lastAt", "") + "  " + alarm.value("code", "") + " (" + std::to_string(alarm.value("times", 0)) + ")  " +
           alarm.value("message", "") + "\n";
  return out + table;
}

class BusVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("bus", "how publishing on Kafka stands: status");
    verb->require_subcommand(1);
    auto* status = verb->add_subcommand("status", "by topic and partition: last position, lag, what was noticed and what is done about it");
    add_data(status, session);
    add_server(status, session);
    kafka_.declare(status, "if nobody publishes just now, look at what this cluster has");
    add_output(status, session);
    add_example(verb, "rapport bus status --data rapport-data --kafka localhost:9092");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto connection = kafka_.connection();
    if (!connection) return std::move(connection).error();
    auto service = session.service(Opening::kRead);
    const bool locked = !service && service.error().reason == "store.locked";
    if (!service && !locked) return std::move(service).error();
    if (service) {
      auto answer = (*service)->bus();
      if (answer) {
        print(show_status(*answer, session.format()));
        return 0;
      }
      if (answer.error().reason != "bus.not_published" || !session.server.empty()) return std::move(answer).error();
    }
    return from_outside(session, locked ? nullptr : *service, *connection);
  }

 private:
  // Nobody who publishes can be asked: the store is closed, served without --kafka, or held by `publish`.
  Result<int> from_outside(Session& session, Service* service, const kafka::Connection& connection) {
    auto* store = dynamic_cast<LocalStore*>(service);
    const auto* log = store ? &store->event_store() : nullptr;
    const auto folder = session.data_dir() / "kafka";
    std::vector<kafka::BusPicture> pictures;
    if (kafka_.given()) {
      auto picture = kafka::picture_of(connection, folder, log ? log->head().position : Position{~std::uint64_t{0}});
      if (!picture) return std::move(picture).error();
      pictures.push_back(std::move(*picture));
    } else {
      pictures = kafka::remembered_pictures(folder);
    }
    if (pictures.empty())
      return Error{ErrorCode::kNotFound, "bus.not_published", "nothing was ever published from here", "", "", "rapport serve --kafka, or rapport publish"};
    for (auto& picture : pictures) print(show_status(kafka::status_document(picture, log), session.format()));
    return 0;
  }

  KafkaOptions kafka_;
};

}  // namespace

void add_bus_verbs(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<BusVerb>()); }

}  // namespace rapport::cli
