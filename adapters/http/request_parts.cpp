#include "adapters/http/request_parts.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "adapters/http/target.h"
#include "eventstore/trace_context.h"

namespace rapport {
namespace {

using nlohmann::json;

Error invalid(std::string reason, std::string message, std::string field, std::string expected) {
  return {ErrorCode::kInvalid, std::move(reason), std::move(message), std::move(field), std::move(expected)};
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// A JSON object whose members are taken one by one; what is left over at the end is refused.
class Members final {
 public:
  static Result<Members> read(std::string_view body) {
    std::vector<std::set<std::string>> open;  // names so far in each object around the place
    std::string twice;
    const auto watch = [&](int, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::object_start) open.emplace_back();
      if (event == json::parse_event_t::object_end) open.pop_back();
      if (event != json::parse_event_t::key) return true;
      if (auto name = parsed.get<std::string>(); !open.back().insert(name).second) twice = std::move(name);
      return true;
    };
    auto parsed = json::parse(body, watch, false);
    if (!parsed.is_object())
      return invalid("http.bad_json", "the body is not a JSON object", "", "a JSON object");
    if (!twice.empty()) return invalid("http.duplicate_field", "the body has a member twice", "/" + twice, "");
    return Members(std::move(parsed));
  }

  template <class T>
  Result<T> take(const char* name, json::value_t type, const char* expected, T absent) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) {
      object_.erase(name);
      return absent;
    }
    if (found->type() != type) return wrong_type(name, expected);
    T value = found->get<T>();
    object_.erase(found);
    return value;
  }

  Result<std::vector<std::string>> take_texts(const char* name) {
    std::vector<std::string> texts;
    const auto found = object_.find(name);
    if (found == object_.end()) return texts;
    constexpr auto kExpected = "an array of texts";
    if (!found->is_array()) return wrong_type(name, kExpected);
    for (const auto& element : *found) {
      if (!element.is_string()) return wrong_type(name, kExpected);
      texts.push_back(element.get<std::string>());
    }
    object_.erase(found);
    return texts;
  }

  Result<std::optional<std::uint64_t>> take_number(const char* name) {
    const auto found = object_.find(name);
    if (found == object_.end()) return std::optional<std::uint64_t>();
    if (!found->is_number_unsigned()) return wrong_type(name, "a whole number of 0 or more");
    const auto number = found->get<std::uint64_t>();
    object_.erase(found);
    return std::optional(number);
  }
  Result<std::vector<std::uint64_t>> take_numbers(const char* name) {
    std::vector<std::uint64_t> numbers;
    const auto found = object_.find(name);
    if (found == object_.end()) return numbers;
    constexpr auto kExpected = "an array of whole numbers";
    if (!found->is_array()) return wrong_type(name, kExpected);
    for (const auto& element : *found) {
      if (!element.is_number_unsigned()) return wrong_type(name, kExpected);
      numbers.push_back(element.get<std::uint64_t>());
    }
    object_.erase(found);
    return numbers;
  }

  Result<void> refuse_others() const {
    if (object_.empty()) return {};
    const auto& name = object_.begin().key();
    return invalid("http.unknown_field", "the body has a member that means nothing here", "/" + name, "");
  }

 private:
  explicit Members(json object) : object_(std::move(object)) {}
  static Error wrong_type(const char* name, const char* expected) {
    return invalid("http.wrong_type", std::string(name) + " is of another type", std::string("/") + name,
                   expected);
  }
  json object_;
};

Result<std::string> take_text(Members& members, const char* name) {
  return members.take<std::string>(name, json::value_t::string, "a text", {});
}
Result<bool> take_dry_run(Members& members) {
  return members.take<bool>("dryRun", json::value_t::boolean, "true or false", false);
}

}  // namespace

Result<Parameters> Parameters::read(std::vector<std::pair<std::string, std::string>> all,
                                    std::initializer_list<std::string_view> names, std::string_view repeatable) {
  Parameters parameters;
  for (auto& [name, value] : all) {
    if (name != repeatable && std::ranges::find(names, name) == names.end()) {
      parameters.others_.emplace_back(std::move(name), std::move(value));
      continue;
    }
    const auto same = [&name = name](const auto& other) { return other.first == name; };
    if (name != repeatable && std::ranges::any_of(parameters.named_, same)) {
      return invalid("http.duplicate_parameter", "a parameter is given twice", name, "");
    }
    // Never what it would mean to leave it out: an empty asOf is no "now".
    if (value.empty()) return invalid("http.bad_parameter", "a parameter is empty", name, "a value, or no such parameter");
    parameters.named_.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

std::string Parameters::text(std::string_view name) const {
  for (const auto& [key, value] : named_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string> Parameters::texts(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [named, value] : named_)
    if (named == name) values.push_back(value);
  return values;
}

std::string Parameters::time(std::string_view name) const {
  std::string time = text(name);
  // 2017-06-30T10:00:00+02:00, typed as it is: no time has a space before its offset.
  constexpr std::size_t kOffset = 6;
  if (time.size() > kOffset && time.find('T') < time.size() - kOffset && time[time.size() - kOffset] == ' ') {
    time[time.size() - kOffset] = '+';
  }
  return time;
}

Result<std::optional<std::uint64_t>> Parameters::number(std::string_view name) const {
  for (const auto& [key, value] : named_) {
    if (key != name) continue;
    const auto number = parse_number(value);
    if (number) return number;
    return invalid("http.bad_parameter", "\"" + value + "\" is no whole number", key,
                   "a whole number, 0 or more");
  }
  return std::optional<std::uint64_t>{};
}

Result<void> Parameters::refuse_others() const {
  if (others_.empty()) return {};
  return invalid("http.unknown_parameter",
                 "the parameter \"" + others_.front().first + "\" means nothing here", others_.front().first,
                 "");
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

Result<std::optional<std::uint64_t>> expected_version(const HttpRequest& request) {
  const auto* match = request.header("If-Match");
  const auto* none = request.header("If-None-Match");
  std::optional<std::uint64_t> version;
  if (none) {
    if (*none != "*" || match) {
      return invalid("http.bad_header", "If-None-Match is only for a new stream", "If-None-Match", "*");
    }
    return std::optional<std::uint64_t>{0};
  }
  if (!match) return version;
  version = parse_number(unquoted(*match));
  if (version) return version;
  return invalid("http.bad_header", "If-Match names no version", "If-Match",
                 "a version in quotes, such as \"7\"");
}

Result<void> read_command_headers(const HttpRequest& request, CommandRequest& command) {
  const auto take = [&](const char* name, std::string& into) -> Result<void> {
    const auto* value = request.header(name);
    if (!value) return {};
    auto decoded = percent_decoded(unquoted(*value), name);
    if (!decoded) {
      Error error = decoded.error();
      error.field = name;
      return error;
    }
    into = std::move(*decoded);
    return {};
  };
  std::string reason;
  for (auto& [name, into] : std::initializer_list<std::pair<const char*, std::string&>>{
           {"Idempotency-Key", command.command_id},
           {"Rapport-Reason", reason},
           {"Rapport-Actor", command.actor},
           {"Rapport-Occurred-At", command.occurred_at}}) {
    if (auto taken = take(name, into); !taken) return taken;
  }
  const auto colon = reason.find(':');
  command.reason_code = reason.substr(0, colon);
  if (colon != reason.npos) command.reason_text = reason.substr(colon + 1);
  const auto* tags = request.header("Rapport-Tags");
  for (std::string_view rest = tags ? std::string_view(*tags) : ""; !rest.empty();) {
    const auto comma = rest.find(',');
    auto tag = percent_decoded(std::string(rest.substr(0, comma)), "Rapport-Tags");
    if (!tag) return tag.error();
    command.tags.push_back(std::move(*tag));
    rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 1);
  }
  if (const auto* trace = request.header("traceparent"))
    if (auto tag = trace_tag(*trace)) command.tags.push_back(std::move(*tag));
  return {};
}

Result<ImportRequest> read_import(std::string_view body) {
  auto members = Members::read(body);
  if (!members) return members.error();
  auto mapping = take_text(*members, "mapping");
  if (!mapping) return mapping.error();
  auto files = members->take_texts("files");
  if (!files) return files.error();
  auto dry_run = take_dry_run(*members);
  if (!dry_run) return dry_run.error();
  auto rejects = take_text(*members, "rejects");
  if (!rejects) return rejects.error();
  auto time_zone = take_text(*members, "timeZone");
  if (!time_zone) return time_zone.error();
  if (auto rest = members->refuse_others(); !rest) return rest.error();
  if (mapping->empty())
    return invalid("http.missing_field", "no mapping is named", "/mapping", "a preset or a path");
  if (files->empty()) return invalid("http.missing_field", "no file is named", "/files", "at least one path");
  ImportRequest request;
  request.mapping = std::move(*mapping);
  request.files = std::move(*files);
  request.dry_run = *dry_run;
  request.rejects = std::move(*rejects);
  request.time_zone = std::move(*time_zone);
  return request;
}

std::string write_import(const ImportRequest& request) {
  return json{{"mapping", request.mapping},
              {"files", request.files},
              {"dryRun", request.dry_run},
              {"rejects", request.rejects},
              {"timeZone", request.time_zone}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<BackupRequest> read_backup(std::string_view body) {
  auto members = Members::read(body);
  if (!members) return members.error();
  auto folder = take_text(*members, "folder");
  if (!folder) return folder.error();
  auto keys = take_text(*members, "keys");
  if (!keys) return keys.error();
  if (auto rest = members->refuse_others(); !rest) return rest.error();
  if (folder->empty()) return invalid("http.missing_field", "no folder is named", "/folder", "a path");
  return BackupRequest{std::move(*folder), std::move(*keys)};
}

std::string write_backup(const BackupRequest& request) {
  return json{{"folder", request.folder}, {"keys", request.keys}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ProofRequest> read_old_checkpoint(std::string_view body) {
  auto members = Members::read(body);
  if (!members) return members.error();
  ProofRequest request{.about = ProofRequest::About::kOldCheckpoint};
  auto note = take_text(*members, "checkpoint");
  if (!note) return note.error();
  auto keys = members->take_texts("keys");
  if (!keys) return keys.error();
  auto witnesses = members->take_texts("witnesses");
  if (!witnesses) return witnesses.error();
  if (auto rest = members->refuse_others(); !rest) return rest.error();
  if (note->empty()) return invalid("http.missing_field", "there is no checkpoint", "/checkpoint", "a signed note");
  request.text = std::move(*note);
  request.keys = std::move(*keys);
  request.witnesses = std::move(*witnesses);
  return request;
}

std::string write_old_checkpoint(const ProofRequest& request) {
  return json{{"checkpoint", request.text}, {"keys", request.keys}, {"witnesses", request.witnesses}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<void> read_group(std::string_view body, GroupRequest& request) {
  using About = GroupRequest::About;
  auto members = Members::read(body.empty() ? "{}" : body);
  if (!members) return members.error();
  const auto number = [&](const char* name, auto& into) -> Result<void> {
    auto taken = members->take_number(name);
    if (!taken) return taken.error();
    if (*taken) into = **taken;
    return {};
  };
  if (request.about == About::kCreate) {
    auto match = members->take_texts("match");
    if (!match) return match.error();
    request.match = std::move(*match);
    if (auto read = number("from", request.from); !read) return read;
    if (auto read = number("attemptsMax", request.attempts_max); !read) return read;
    if (auto read = number("leaseSeconds", request.lease_seconds); !read) return read;
  } else if (request.about == About::kTake) {
    if (auto read = number("max", request.max); !read) return read;
  } else {
    auto positions = members->take_numbers("positions");
    if (!positions) return positions.error();
    request.positions = std::move(*positions);
  }
  if (request.about == About::kRefuse) {
    auto error = take_text(*members, "error");
    if (!error) return error.error();
    request.error = std::move(*error);
    auto park = members->take<bool>("park", json::value_t::boolean, "true or false", false);
    if (!park) return park.error();
    request.park = *park;
  }
  return members->refuse_others();
}

std::string write_group(const GroupRequest& request) {
  using About = GroupRequest::About;
  json body = json::object();
  if (request.about == About::kCreate) {
    body["match"] = request.match;
    if (request.from) body["from"] = *request.from;
    if (request.attempts_max) body["attemptsMax"] = *request.attempts_max;
    if (request.lease_seconds) body["leaseSeconds"] = *request.lease_seconds;
  } else if (request.about == About::kTake) {
    body["max"] = request.max;
  } else {
    body["positions"] = request.positions;
    if (request.about == About::kRefuse) body.update({{"error", request.error}, {"park", request.park}});
  }
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<void> read_deliveries(const Parameters& parameters, WebhookRequest& request) {
  const auto from = parameters.number("from"), to = parameters.number("to"), limit = parameters.number("limit");
  for (const auto* number : {&from, &to, &limit})
    if (!*number) return number->error();
  request.from = from->value_or(request.from);
  request.to = to->value_or(request.to);
  request.limit = *limit;
  return {};
}

Result<void> read_replay(std::string_view body, WebhookRequest& request) {
  auto members = Members::read(body.empty() ? "{}" : body);
  if (!members) return members.error();
  auto from = members->take_number("from"), to = members->take_number("to");
  if (!from) return from.error();
  if (!to) return to.error();
  if (!*from) return invalid("http.missing_field", "from is missing", "/from", "the position of the first event");
  request.from = **from;
  request.to = to->value_or(request.to);
  return members->refuse_others();
}

std::string write_replay(const WebhookRequest& request) {
  json body{{"from", request.from}};
  if (request.to != WebhookRequest{}.to) body["to"] = request.to;
  return body.dump();
}

Result<bool> read_revert(std::string_view body) {
  if (body.empty()) return false;
  auto members = Members::read(body);
  if (!members) return members.error();
  auto dry_run = take_dry_run(*members);
  if (!dry_run) return dry_run;
  if (auto rest = members->refuse_others(); !rest) return rest.error();
  return dry_run;
}

}  // namespace rapport
