// export events, export view, export catalogue: files for analysts and subscribers. (export tiles is with the proofs.)
#include <nlohmann/json.hpp>

#include "adapters/catalogue/catalogue.h"
#include "adapters/cli/asked_report.h"
#include "adapters/cli/progress_bar.h"
#include "adapters/cli/typed_option.h"
#include "adapters/cli/verb.h"
#include "adapters/export/export.h"

namespace rapport::cli {
namespace {

// The file's format, so that --format cannot say how the summary looks.
void add_file_format(CLI::App* verb, std::string& format, Session& session) {
  verb->add_option("--format", format, "jsonl or csv (else by the file's ending, else jsonl)")->check(CLI::IsMember({"jsonl", "csv", "parquet", "arrow"}));
  verb->add_flag("--quiet", session.quiet, "no progress, no words: data and errors alone");
}

class ExportEventsVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = export_family(program)->add_subcommand("events", "events of a range as a file, or as a folder with a file a type");
    verb->add_option("file", file_, "the file; a folder, or a name that ends with a slash, gets a file for each type")->required();
    add_data(verb, session);
    add_server(verb, session);
    add_typed(verb, "--from", from_, "the first position");
    add_typed(verb, "--to", to_, "the last position (else where the log ends)");
    verb->add_option("--stream", wanted_.events.stream, "of one stream, such as opportunity-1C1I7A6R");
    verb->add_option("--type", wanted_.events.type, "of one type, such as opportunity.won: in CSV a column for each of its fields");
    verb->add_option("--match", wanted_.events.match, "only what a clause takes, as of `rapport events`; given again: any of them")->take_all();
    verb->add_flag("--open", wanted_.open, "with personal texts, which are else null");
    add_file_format(verb, wanted_.format, session);
    add_example(verb, "rapport export events won.csv --type opportunity.won --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto from = number_of(from_, "from"), to = number_of(to_, "to");
    if (!from) return std::move(from).error();
    if (!to) return std::move(to).error();
    wanted_.to = file_;
    wanted_.events.from = from->value_or(wanted_.events.from);
    wanted_.events.to = to->value_or(wanted_.events.to);
    if (auto format = file_format_of(wanted_.format, file_); !format) return std::move(format).error();
    auto stop = stop_on_signals();
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto done = [&] {
      ProgressBar bar(session.quiet);
      return export_events(**service, wanted_, bar.callback(), stop);
    }();
    if (!done) return std::move(done).error();
    print(show_document(*done, session.format()));
    return 0;
  }

 private:
  std::string file_;
  WholeNumber from_, to_;
  EventsExport wanted_;
};

class ExportViewVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = export_family(program)->add_subcommand("view", "the rows of a report as a file");
    asked_.declare_name(verb);
    verb->add_option("file", file_, "the file")->required();
    asked_.declare_arguments(verb);
    add_data(verb, session);
    add_server(verb, session);
    asked_.declare_options(verb);
    add_file_format(verb, format_, session);
    add_example(verb, "rapport export view pipeline/opportunities open.csv status=open --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto query = asked_.request();
    if (!query) return std::move(query).error();
    if (auto format = file_format_of(format_, file_); !format) return std::move(format).error();
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto done = export_report(**service, *query, file_, format_);
    if (!done) return std::move(done).error();
    print(show_document(*done, session.format()));
    return 0;
  }

 private:
  AskedReport asked_;
  std::string file_, format_;
};

class ExportCatalogueVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = export_family(program)->add_subcommand("catalogue", "what events there are: AsyncAPI, JSON Schemas and pages for people");
    verb->add_option("folder", folder_, "gets index.html, asyncapi.json and schemas/")->required();
    add_output(verb, session);
    add_example(verb, "rapport export catalogue events-catalogue");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto written = catalogue::write(folder_);
    if (!written) return std::move(written).error();
    print(show_document(nlohmann::json{{"folder", folder_}, {"events", written->events}, {"files", written->files}}.dump(), session.format()));
    return 0;
  }

 private:
  std::string folder_;
};

}  // namespace

CLI::App* export_family(CLI::App& program) {
  for (auto* there : program.get_subcommands([](const CLI::App* verb) { return verb->get_name() == "export"; })) return there;
  auto* verb = program.add_subcommand("export", "write events, reports, their catalogue or the log's tree in forms that others read");
  verb->require_subcommand(1);
  add_example(verb, "rapport export events events.csv --data rapport-data");
  return verb;
}

void add_export_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<ExportEventsVerb>());
  verbs.push_back(std::make_unique<ExportViewVerb>());
  verbs.push_back(std::make_unique<ExportCatalogueVerb>());
}

}  // namespace rapport::cli
