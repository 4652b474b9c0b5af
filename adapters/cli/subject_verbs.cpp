// subject, rotate-master-key: what is kept about a person, and the key that guards it.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "adapters/cli/table.h"
#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

// For a person: a line for each consent and request, then the events.
std::string laid_out(const std::string& document) {
  auto json = Json::parse(document, nullptr, false);
  if (!json.is_object() || !json.contains("events")) return document + "\n";
  auto text = [](const Json& value) { return printable(value.is_string() ? value.get<std::string>() : value.is_null() ? "–" : value.dump()); };
  auto out = fmt::format("subject  {}\nkey      {}\n", text(json["subject"]), text(json["key"]["state"]));
  auto& hold = json["hold"];
  bool held = hold.is_object() && hold.value("on", false);
  out += fmt::format("hold     {}\n", !held ? "none" : hold["until"].is_null() ? "on" : "until " + text(hold["until"]));
  for (auto& consent : json["consents"])
    out += fmt::format("consent  {} by {}: {} since {}, text {}\n", text(consent["purpose"]), text(consent["channel"]),
                       consent["granted"] == true ? "granted" : "withdrawn", text(consent["since"]), text(consent["textVersion"]));
  for (auto& request : json["requests"])
    out += fmt::format("request  {} of {}, due {}, {}\n", text(request["kind"]), text(request["receivedAt"]), text(request["due"]),
                       request["answeredAt"].is_null() ? "open" : "answered " + text(request["answeredAt"]));
  for (auto& exported : json["exports"]) out += fmt::format("export   {} of {}\n", text(exported["sha256"]), text(exported["at"]));
  for (auto& event : json["events"]) out += show_event(event.dump(), Format::kTable, false);
  return out;
}

class SubjectVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("subject", "all that is known about a data subject: consents, requests, hold, key, and every event with its texts");
    verb->add_option("subject", subject_, "whose texts they are, such as account-4711")->required();
    add_data(verb, session);
    add_server(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport subject account-mzwr-000002 --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto document = (*service)->subject(subject_);
    if (!document) return std::move(document).error();
    print(session.format() == Format::kTable ? laid_out(*document) : show_document(*document, session.format()));
    return 0;
  }

 private:
  std::string subject_;
};

class RotateMasterKeyVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("rotate-master-key", "wrap all keys by a new master key; the old one then opens nothing");
    verb->add_option("file", file_, "holds the new key, 64 hex digits, as openssl rand -hex 32 makes them (else $RAPPORT_NEW_MASTER_KEY)");
    add_data(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport rotate-master-key new.key --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    std::string next, where = file_.empty() ? kVariable : file_;
    if (const char* variable = std::getenv(kVariable); file_.empty() && variable) next = variable;
    if (!file_.empty()) {
      std::ifstream file(file_, std::ios::binary);
      next.assign(std::istreambuf_iterator<char>(file), {});
      if (!file) return Error{ErrorCode::kInvalid, "file.missing", "cannot read " + file_, "file", "64 hex digits"};
    }
    if (next.empty())
      return Error{ErrorCode::kInvalid, "keys.master_key_missing", "there is no new master key", "file",
                   std::string("a file, or ") + kVariable + ", with 64 hex digits", "openssl rand -hex 32 > new.key makes one"};
    auto store = session.local(Opening::kWrite);
    if (!store) return std::move(store).error();
    auto rotated = (*store)->rotate_master_key(next, where);
    if (!rotated) return std::move(rotated).error();
    print(show_document(*rotated, session.format()));
    if (Json::parse(*rotated)["masterKey"] == "RAPPORT_MASTER_KEY")
      spdlog::warn("the keys now need the new master key: set RAPPORT_MASTER_KEY to it before the next command");
    return 0;
  }

 private:
  static constexpr const char* kVariable = "RAPPORT_NEW_MASTER_KEY";
  std::string file_;
};

}  // namespace

void add_subject_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<SubjectVerb>());
  verbs.push_back(std::make_unique<RotateMasterKeyVerb>());
}

}  // namespace rapport::cli
