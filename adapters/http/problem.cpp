#include "adapters/http/problem.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rapport {
namespace {

using nlohmann::ordered_json;

struct Row {
  ErrorCode code;
  unsigned status;
  const char* title;
};
// The first row of a code is the one it gets; the first row of a status tells a client what that status
// meant.
constexpr Row kRows[] = {
    {ErrorCode::kInvalid, 400, "The request is malformed"},
    {ErrorCode::kRejected, 422, "A rule says no"},
    {ErrorCode::kNotFound, 404, "There is no such thing"},
    {ErrorCode::kConflict, 409, "The request conflicts with what is recorded"},
    {ErrorCode::kConflict, 412, "The stream has another version"},
    {ErrorCode::kUnavailable, 503, "Not available now"},
    {ErrorCode::kCorrupt, 500, "The server failed"},
    {ErrorCode::kInvalid, 403, "The request comes from elsewhere"},
    {ErrorCode::kInvalid, 405, "The method is not allowed here"},
    {ErrorCode::kUnavailable, 408, "The request took too long"},
    {ErrorCode::kInvalid, 413, "The body is too large"},
    {ErrorCode::kInvalid, 414, "The address is too long"},
    {ErrorCode::kInvalid, 415, "The body is of another type"},
    {ErrorCode::kInvalid, 431, "The headers are too large"},
    {ErrorCode::kInvalid, 505, "The HTTP version is not supported"},
};
constexpr std::string_view kVersionDiffers = "stream.version_differs";
constexpr std::string_view kRetryAfterSeconds = "1";

unsigned status_of(const Error& error) {
  if (error.reason == kVersionDiffers) return 412;
  return std::ranges::find(kRows, error.code, &Row::code)->status;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 20 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

ordered_json document(const Error& error, unsigned status) {
  const Row* row = std::ranges::find(kRows, status, &Row::status);
  ordered_json json{{"type", "urn:rapport:problem:" + error.reason},
                    {"title", row == std::end(kRows) ? "Error" : row->title},
                    {"status", status},
                    {"detail", error.message},
                    {"code", error.reason}};
  if (!error.field.empty()) json["field"] = error.field;
  if (!error.expected.empty()) json["expected"] = error.expected;
  if (!error.hint.empty()) json["hint"] = error.hint;
  if (error.reason == kVersionDiffers && is_number(error.expected)) {
    json["currentVersion"] = std::stoull(error.expected);
  }
  return json;
}

// Messages may quote what a client sent, so bytes that are no UTF-8 are replaced, not refused.
std::string print(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string text(const ordered_json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Error from_document(unsigned status, const ordered_json& json) {
  const Row* row = std::ranges::find(kRows, status, &Row::status);
  const ErrorCode fallback = status < 500 ? ErrorCode::kInvalid : ErrorCode::kUnavailable;
  return {.code = row == std::end(kRows) ? fallback : row->code,
          .reason = text(json, "code"),
          .message = text(json, "detail"),
          .field = text(json, "field"),
          .expected = text(json, "expected"),
          .hint = text(json, "hint")};
}

}  // namespace

HttpReply to_reply(const Problem& problem) {
  const unsigned status = problem.status != 0 ? problem.status : status_of(problem.error);
  HttpReply reply{.status = status,
                  .content_type = "application/problem+json",
                  .body = print(document(problem.error, status))};
  if (status == 503) reply.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return reply;
}

std::string to_line(const Error& error) {
  return print(ordered_json{{"problem", document(error, status_of(error))}});
}

Error to_error(unsigned status, std::string_view body) {
  const auto json = ordered_json::parse(body, nullptr, false);
  if (json.is_object() && !text(json, "code").empty()) return from_document(status, json);
  Error error = from_document(status, ordered_json::object());
  error.reason = "http.unexpected_answer";
  error.message =
      "the server answered with status " + std::to_string(status) + ": " + std::string(body.substr(0, 200));
  error.hint = "Is that the address of a Rapport server?";
  return error;
}

bool is_problem_line(std::string_view line, Error& error) {
  if (!line.starts_with("{\"problem\":")) return false;
  const auto json = ordered_json::parse(line, nullptr, false);
  if (!json.is_object() || !json["problem"].is_object()) return false;
  const auto& problem = json["problem"];
  error = from_document(problem.value("status", 500U), problem);
  return true;
}

}  // namespace rapport
