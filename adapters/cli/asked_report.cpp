#include "adapters/cli/asked_report.h"

namespace rapport::cli {
namespace {

Error usage(const std::string& message, const std::string& expected) {
  return {ErrorCode::kInvalid, "usage", message, "", expected};
}

}  // namespace

void AskedReport::declare_name(CLI::App* verb) {
  verb->add_option("report", report_, "VIEW/REPORT, such as pipeline/summary")->required();
}

void AskedReport::declare_arguments(CLI::App* verb) {
  verb->add_option("arguments", arguments_, "filters and parameters: KEY=VALUE, KEY!=VALUE, KEY~=PART, KEY>=VALUE, KEY<=VALUE");
}

void AskedReport::declare_options(CLI::App* verb) {
  add_typed(verb, "--as-of", as_of_, "as true at: a time, or a date (its end)");
  add_typed(verb, "--known-at", known_at_, "as known at: a position, a time, or a date (its end)");
  add_typed(verb, "--time-zone", time_zone_, "of bare dates, such as Europe/Berlin (else UTC)");
  add_typed(verb, "--sort", sort_, "FIELD, or -FIELD for the largest first");
}

Result<QueryRequest> AskedReport::request() const {
  QueryRequest request;
  auto slash = report_.find('/');
  if (slash == report_.npos) return usage("\"" + report_ + "\" names no report", "VIEW/REPORT, such as pipeline/summary");
  request.view = report_.substr(0, slash);
  request.report = report_.substr(slash + 1);
  for (auto& argument : arguments_) {
    auto equals = argument.find('=');
    if (equals == argument.npos || equals == 0) return usage("\"" + argument + "\" is no filter or parameter", "KEY=VALUE");
    request.arguments.emplace_back(argument.substr(0, equals), argument.substr(equals + 1));
  }
  struct Option {
    const TypedText& typed;
    const char* name;
    const char* expected;
    std::string& into;
  };
  constexpr auto kTime = "a date (2017-06-30) or RFC 3339 (2017-06-30T12:00:00Z)";
  for (auto& option : {Option{as_of_, "asOf", kTime, request.as_of}, Option{known_at_, "knownAt", kTime, request.known_at},
                       Option{time_zone_, "timeZone", "an IANA name such as Europe/Berlin", request.time_zone},
                       Option{sort_, "sort", "FIELD or -FIELD", request.sort}}) {
    auto text = text_of(option.typed, option.name, option.expected);
    if (!text) return std::move(text).error();
    option.into = std::move(*text);
  }
  return request;
}

}  // namespace rapport::cli
