// group: consumers that share the log's events among them.
#include <map>

#include "adapters/cli/typed_option.h"
#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

using About = GroupRequest::About;

// What each word takes beside a group's name.
struct Word {
  const char* name;
  About about;
  const char* description;
};
constexpr Word kWords[] = {
    {"list", About::kList, "all groups, with how far each is"},
    {"status", About::kStatus, "how far a group is, and what waits"},
    {"create", About::kCreate, "make a group, or change its limits"},
    {"take", About::kTake, "the next events, which are the caller's until the lease is over"},
    {"acknowledge", About::kAcknowledge, "say that events are done with"},
    {"refuse", About::kRefuse, "say that events could not be done: they are tried again later, or parked"},
    {"parked", About::kParked, "the events that were given up, each with its error"},
    {"replay", About::kReplay, "have parked events tried again; none named: all"},
    {"delete", About::kDelete, "forget a group"},
};

class GroupVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("group", "consumer groups: each event to one of several consumers, at least once");
    verb->require_subcommand(1);
    for (auto& word : kWords) {
      auto* sub = verb->add_subcommand(word.name, word.description);
      words_[sub] = word.about;
      if (word.about != About::kList) sub->add_option("group", request_.name, "its name: a-z, 0-9, -, _ and .")->required();
      declare_word(*sub, word.about);
      add_data(sub, session);
      add_server(sub, session);
      add_output(sub, session);
    }
    add_example(verb, "rapport group create billing --match category=order && rapport group take billing --max 2");
    return verb;
  }

  Result<int> run(Session& session) override {
    for (auto& [sub, about] : words_)
      if (sub->parsed()) request_.about = about;
    auto from = number_of(from_, "from"), attempts = number_of(attempts_, "attempts"), lease = number_of(lease_, "lease");
    auto max = number_of(max_, "max"), wait = number_of(wait_, "wait");
    for (auto* number : {&from, &attempts, &lease, &max, &wait})
      if (!*number) return std::move(*number).error();
    request_.from = *from;
    request_.attempts_max = *attempts;
    request_.lease_seconds = *lease;
    request_.max = max->value_or(request_.max);
    request_.wait_ms = wait->value_or(0) * 1'000;
    auto service = session.service(Opening::kWrite);
    if (!service) return std::move(service).error();
    auto answer = (*service)->group(request_, request_.wait_ms > 0 ? stop_on_signals() : std::stop_token());
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }

 private:
  void declare_word(CLI::App& sub, About about) {
    if (about == About::kCreate) {
      sub.add_option("--match", request_.match, "only what a clause takes, as of `rapport events`; given again: any of them")->take_all();
      add_typed(&sub, "--from", from_, "the first position (else the first of the log)");
      add_typed(&sub, "--attempts", attempts_, "how often an event is tried before it is parked (else 5)");
      add_typed(&sub, "--lease", lease_, "seconds that a consumer has for an event (else 30)");
    } else if (about == About::kTake) {
      add_typed(&sub, "--max", max_, "at most so many (else 100)");
      add_typed(&sub, "--wait", wait_, "seconds to wait for a first one");
    } else if (about == About::kAcknowledge || about == About::kRefuse || about == About::kReplay) {
      auto* positions = sub.add_option("positions", request_.positions, "of the events");
      if (about != About::kReplay) positions->required();
    }
    if (about == About::kRefuse) {
      sub.add_option("--error", request_.error, "why, kept with a parked event");
      sub.add_flag("--park", request_.park, "give them up at once");
    }
  }

  std::map<CLI::App*, About> words_;
  WholeNumber from_, attempts_, lease_, max_, wait_;
  GroupRequest request_;
};

}  // namespace

void add_group_verbs(std::vector<std::unique_ptr<Verb>>& verbs) { verbs.push_back(std::make_unique<GroupVerb>()); }

}  // namespace rapport::cli
