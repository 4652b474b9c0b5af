// webhook: who is told of events by HTTP, and how that stands.
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/cli/typed_option.h"
#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

using Json = nlohmann::ordered_json;

enum class Action { kList, kStatus, kCreate, kChange, kPause, kResume, kRotateSecret, kDelete, kDeliveries, kReplay };

struct Word {
  const char* name;
  Action action;
  const char* description;
};
constexpr Word kWords[] = {
    {"list", Action::kList, "all webhooks, with how far each is"},
    {"status", Action::kStatus, "how far a webhook is, what waits and what went wrong"},
    {"create", Action::kCreate, "subscribe an address; shows the secret that signs, this once"},
    {"change", Action::kChange, "another address, other events, another order"},
    {"pause", Action::kPause, "deliver nothing for now; nothing is lost"},
    {"resume", Action::kResume, "go on where it stood"},
    {"rotate-secret", Action::kRotateSecret, "a new secret, shown this once; the old one signs for 24 hours more, too"},
    {"delete", Action::kDelete, "deliver nothing any more, and forget how far it was"},
    {"deliveries", Action::kDeliveries, "what was sent and answered, attempt by attempt, newest last"},
    {"replay", Action::kReplay, "deliver a range of events once more"},
};

class WebhookVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("webhook", "events sent to an address by HTTP, signed, by whoever serves the store");
    verb->require_subcommand(1);
    for (auto& word : kWords) {
      auto* sub = verb->add_subcommand(word.name, word.description);
      words_[sub] = word.action;
      if (word.action != Action::kList) sub->add_option("webhook", id_, "its name: a-z, 0-9, -, _ and .")->required();
      declare_word(*sub, word.action);
      add_data(sub, session);
      add_server(sub, session);
      add_output(sub, session);
    }
    add_example(verb, "rapport webhook create billing --url https://hooks.example/crm --match category=order && rapport webhook status billing");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto action = Action::kList;
    for (auto& [sub, meant] : words_)
      if (sub->parsed()) action = meant;
    auto from = number_of(from_, "from"), to = number_of(to_, "to"), limit = number_of(limit_, "limit");
    for (auto* number : {&from, &to, &limit})
      if (!*number) return std::move(*number).error();
    auto reads = action == Action::kList || action == Action::kStatus || action == Action::kDeliveries;
    auto service = session.service(reads ? Opening::kRead : Opening::kWrite);
    if (!service) return std::move(service).error();
    WebhookRequest request{.about = WebhookRequest::About::kList, .id = id_};
    request.from = from->value_or(request.from);
    request.to = to->value_or(request.to);
    request.limit = *limit;
    auto answer = asked(**service, action, request, *from);
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }

 private:
  void declare_word(CLI::App& sub, Action action) {
    if (action == Action::kCreate || action == Action::kChange) {
      auto* url = add_typed(&sub, "--url", url_, "where events are sent to, http:// or https://");
      if (action == Action::kCreate) url->required();
      match_[&sub] = sub.add_option("--match", clauses_, "only what a clause takes, as of `rapport events`; given again: any of them")->take_all();
      sub.add_flag(action == Action::kCreate ? "--unordered" : "--unordered,!--per-stream", unordered_, "no event waits for another; else those of a stream come in order");
      add_typed(&sub, "--description", description_, "for people");
    }
    if (action == Action::kChange) sub.add_flag("--every-event", every_, "take every event, in place of --match");
    if (action == Action::kCreate) add_typed(&sub, "--from", from_, "the first position (else what comes from now on); 1: the whole log");
    if (action == Action::kPause) add_typed(&sub, "--detail", detail_, "why, for people");
    if (action == Action::kDeliveries || action == Action::kReplay) {
      auto* from = add_typed(&sub, "--from", from_, "the first position");
      if (action == Action::kReplay) from->required();
      add_typed(&sub, "--to", to_, "the last position (else the log's end)");
    }
    if (action == Action::kDeliveries) add_typed(&sub, "--limit", limit_, "at most so many, the newest (else 100)");
    if (action != Action::kList && action != Action::kStatus && action != Action::kDeliveries && action != Action::kReplay)
      sub.add_option("--actor", actor_, "who does it (else anonymous)");
  }

  Result<std::string> asked(Service& service, Action action, WebhookRequest& request, std::optional<std::uint64_t> from) {
    using About = WebhookRequest::About;
    auto about = [&](About what) {
      request.about = what;
      return service.webhook(request);
    };
    switch (action) {
      case Action::kList: return about(About::kList);
      case Action::kStatus: return about(About::kStatus);
      case Action::kDeliveries: return about(About::kDeliveries);
      case Action::kReplay: return about(About::kReplay);
      case Action::kCreate: {
        auto body = settings();
        body["match"] = clauses_;
        if (unordered_) body["ordering"] = "unordered";
        if (from) body["from"] = *from;
        request.command = command("create", body);
        return about(About::kCreate);
      }
      case Action::kRotateSecret: return rotated(service, request);
      case Action::kChange: return sent(service, request, "change", {{"new", changes()}});
      case Action::kPause: return sent(service, request, "pause", detail_ ? Json{{"detail", *detail_}} : Json::object());
      case Action::kResume: return sent(service, request, "resume", Json::object());
      case Action::kDelete: break;
    }
    auto receipt = service.command(command("delete", Json::object()));
    if (!receipt) return receipt;
    return Json{{"webhook", id_}, {"deleted", true}}.dump();
  }

  CommandRequest command(const char* name, const Json& body) const {
    CommandRequest request;
    request.aggregate = "webhook";
    request.id = id_;
    request.command = name;
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    request.actor = actor_;
    request.channel = "cli";
    return request;
  }
  Json settings() const {
    Json body = Json::object();
    if (url_) body["url"] = *url_;
    if (description_) body["description"] = *description_;
    return body;
  }
  Json changes() const {
    auto body = settings();
    for (auto& [sub, option] : match_)
      if (sub->parsed() && option->count()) body["match"] = clauses_;
    if (every_) body["match"] = Json::array();
    for (auto& [sub, option] : match_)
      if (sub->parsed() && sub->get_option("--unordered")->count()) body["ordering"] = unordered_ ? "unordered" : "perStream";
    return body;
  }

  // A command, then how the webhook stands.
  Result<std::string> sent(Service& service, WebhookRequest& request, const char* name, const Json& body) {
    auto receipt = service.command(command(name, body));
    if (!receipt) return receipt;
    request.about = WebhookRequest::About::kStatus;
    return service.webhook(request);
  }
  // A rotation names its number, so that it happens once.
  Result<std::string> rotated(Service& service, WebhookRequest& request) {
    request.about = WebhookRequest::About::kStatus;
    auto status = service.webhook(request);
    if (!status) return status;
    auto document = Json::parse(*status, nullptr, false);
    auto rotation = document.is_object() && document.contains("rotation") ? document["rotation"].get<std::uint32_t>() : 0;
    request.about = WebhookRequest::About::kRotateSecret;
    request.command = command("rotateSecret", {{"rotation", rotation + 1}});
    return service.webhook(request);
  }

  std::map<CLI::App*, Action> words_;
  std::map<CLI::App*, CLI::Option*> match_;
  std::string id_, actor_;
  std::vector<std::string> clauses_;
  TypedText url_, description_, detail_;
  WholeNumber from_, to_, limit_;
  bool unordered_ = false, every_ = false;
};

}  // namespace

void add_webhook_verbs(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<WebhookVerb>()); }

}  // namespace rapport::cli
