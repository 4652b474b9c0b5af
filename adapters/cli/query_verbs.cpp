// query, events, inspect, schema: what reads.
#include <thread>

#include "adapters/catalogue/catalogue.h"
#include "adapters/cli/asked_report.h"
#include "adapters/cli/typed_option.h"
#include "adapters/cli/verb.h"

namespace rapport::cli {
namespace {

class QueryVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("query", "answer a report of a view");
    asked_.declare_name(verb);
    asked_.declare_arguments(verb);
    add_data(verb, session);
    add_server(verb, session);
    verb->add_option("--state", session.states, "a worker's state directory, in place of --data; again for each share of a view");
    asked_.declare_options(verb);
    add_typed(verb, "--limit", limit_, "at most so many rows");
    add_typed(verb, "--cursor", cursor_, "the page after: `next` of the answer before");
    add_output(verb, session);
    add_example(verb, "rapport query pipeline/opportunities status=open 'amountMinor>=500000' --sort -amountMinor --limit 10");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto request = asked_.request();
    if (!request) return std::move(request).error();
    auto cursor = text_of(cursor_, "cursor", "`next` of the answer before");
    if (!cursor) return std::move(cursor).error();
    request->cursor = std::move(*cursor);
    auto limit = number_of(limit_, "limit");
    if (!limit) return std::move(limit).error();
    request->limit = *limit;
    std::unique_ptr<Service> state;
    if (!session.states.empty()) {
      auto opened = open_worker_state(session.states);
      if (!opened) return std::move(opened).error();
      state = std::move(*opened);
    }
    auto service = state ? Result<Service*>(state.get()) : session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto answer = (*service)->query(*request);
    if (!answer) return std::move(answer).error();
    print(show_report(*answer, session.format()));
    return 0;
  }

 private:
  AskedReport asked_;
  TypedText cursor_;
  WholeNumber limit_;
};

constexpr std::chrono::milliseconds kLookEvery{100};  // whether whoever reads what follows is still there

class EventsVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("events", "list events in order");
    add_data(verb, session);
    add_server(verb, session);
    add_typed(verb, "--from", from_, "the first position");
    add_typed(verb, "--to", to_, "the last position");
    verb->add_option("--stream", request_.stream, "of one stream, such as opportunity-1C1I7A6R");
    verb->add_option("--type", request_.type, "of one type, such as opportunity.won");
    verb->add_option("--match", request_.match, "only what a clause takes: KIND=VALUE[,KIND=VALUE…], KIND one of type, category, tag, "
                     "correlation, cause; given again: any of the clauses")->take_all();
    verb->add_flag("--backward", request_.backward, "the last ones first");
    add_typed(verb, "--limit", limit_, "at most so many");
    verb->add_flag("--follow", request_.follow, "go on with new events until interrupted");
    add_output(verb, session);
    add_example(verb, "rapport events --match type=opportunity.won --match category=case --backward --limit 3");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto from = number_of(from_, "from"), to = number_of(to_, "to"), limit = number_of(limit_, "limit");
    for (auto* number : {&from, &to, &limit})
      if (!*number) return std::move(*number).error();
    request_.from = from->value_or(request_.from);
    request_.to = to->value_or(request_.to);
    request_.limit = *limit;
    std::stop_source over;
    std::jthread watch;
    if (request_.follow)
      watch = std::jthread([over, stop = stop_on_signals()](std::stop_token ended) mutable {
        while (!ended.stop_requested() && !stop.stop_requested() && !reader_left(kLookEvery)) {
        }
        over.request_stop();
      });
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    bool first = true;
    auto format = session.format();
    auto done = (*service)->events(request_, [&](std::string_view line) {
      return print(show_event(line, format, std::exchange(first, false)));
    }, over.get_token());
    if (!done) return std::move(done).error();
    return request_.follow && reader_left({}) ? 1 : 0;
  }

 private:
  WholeNumber from_, to_, limit_;
  EventsRequest request_;
};

class InspectVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("inspect", "what is in the store: head, root, streams, views");
    add_data(verb, session);
    add_server(verb, session);
    verb->add_option("--state", session.states, "a worker's state directory, in place of --data; again for each share of a view");
    add_output(verb, session);
    add_example(verb, "rapport inspect --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    std::unique_ptr<Service> state;
    if (!session.states.empty()) {
      auto opened = open_worker_state(session.states);
      if (!opened) return std::move(opened).error();
      state = std::move(*opened);
    }
    auto service = state ? Result<Service*>(state.get()) : session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto answer = (*service)->inspect();
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }
};

class SchemaVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("schema", "the catalogue of commands and events, their JSON Schemas, and AsyncAPI of all topics");
    verb->add_option("what", what_, "events, commands, a name such as opportunity.won or opportunity.won.headers, or asyncapi");
    add_output(verb, session);
    add_example(verb, "rapport schema opportunity.won");
    return verb;
  }

  Result<int> run(Session&) override {
    auto text = catalogue::document(what_);
    if (!text) return std::move(text).error();
    print(*text + "\n");
    return 0;
  }

 private:
  std::string what_;
};

}  // namespace

void add_query_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<QueryVerb>());
  verbs.push_back(std::make_unique<EventsVerb>());
  verbs.push_back(std::make_unique<InspectVerb>());
  verbs.push_back(std::make_unique<SchemaVerb>());
}

}  // namespace rapport::cli
