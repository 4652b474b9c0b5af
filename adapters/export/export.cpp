#include "adapters/export/export.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/export/columns.h"
#include "adapters/export/csv.h"
#include "adapters/export/output_file.h"

namespace rapport {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kTellEvery = 4'096;  // events

std::string printed(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

Error damaged_answer(const char* what) { return {ErrorCode::kCorrupt, "export.bad_answer", std::string("the store answered ") + what + " that cannot be read"}; }

bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return path.string().ends_with('/') || std::filesystem::is_directory(path, ignored);
}

// Events of one file.
class EventFile final {
 public:
  static Result<std::unique_ptr<EventFile>> create(const std::filesystem::path& path, FileFormat format, const std::string& type) {
    auto file = OutputFile::create(path);
    if (!file) return std::move(file).error();
    std::unique_ptr<EventFile> events(new EventFile(std::move(*file)));
    if (format == FileFormat::kJsonl) return events;
    events->columns_ = columns_of_events(type);
    std::vector<std::string> names;
    for (auto& column : events->columns_) names.push_back(column.name);
    if (auto written = events->file_->write(csv_line(names)); !written) return std::move(written).error();
    return events;
  }
  Result<void> write(const Json& event) {
    return file_->write(columns_.empty() ? printed(event) + "\n" : csv_line(fields_of(event, columns_)));
  }
  OutputFile& file() { return *file_; }

 private:
  explicit EventFile(std::unique_ptr<OutputFile> file) : file_(std::move(file)) {}
  std::unique_ptr<OutputFile> file_;
  std::vector<EventColumn> columns_;  // none: JSON Lines
};

// One file, or one a type.
class EventFiles final {
 public:
  EventFiles(const EventsExport& wanted, FileFormat format) : wanted_(wanted), format_(format), one_a_type_(is_folder(wanted.to)) {}

  // A lone file is there even if no event comes.
  Result<void> open() {
    if (!one_a_type_) return add("", wanted_.to, wanted_.events.type);
    std::error_code failed;
    std::filesystem::create_directories(wanted_.to, failed);
    if (failed) return Error{ErrorCode::kUnavailable, "export.unwritable", "cannot make " + wanted_.to.string() + ": " + failed.message(), "file"};
    return {};
  }
  Result<void> write(std::string_view line) {
    auto event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("type") || !event["type"].is_string()) return damaged_answer("with an event");
    if (!wanted_.open) hide_personal(event);
    auto type = event["type"].get<std::string>();
    auto key = one_a_type_ ? type : std::string();
    if (!files_.contains(key))
      if (auto added = add(key, wanted_.to / (type + (format_ == FileFormat::kCsv ? ".csv" : ".jsonl")), type); !added) return added;
    ++events_;
    return files_.at(key)->write(event);
  }
  // All are in their places.
  Result<Json> finish() {
    auto names = Json::array();
    std::uint64_t bytes = 0;
    for (auto& [key, file] : files_) {
      if (auto finished = file->file().finish(); !finished) return std::move(finished).error();
      bytes += file->file().bytes();
      names.push_back(file->file().path().string());
    }
    return Json{{"events", events_}, {"from", wanted_.events.from}, {"to", wanted_.events.to}, {"bytes", bytes}, {"files", names}};
  }

 private:
  Result<void> add(const std::string& key, const std::filesystem::path& path, const std::string& type) {
    auto file = EventFile::create(path, format_, type);
    if (!file) return std::move(file).error();
    files_.emplace(key, std::move(*file));
    return {};
  }

  const EventsExport& wanted_;
  const FileFormat format_;
  const bool one_a_type_;
  std::map<std::string, std::unique_ptr<EventFile>> files_;
  std::uint64_t events_ = 0;
};

Result<std::uint64_t> head_of(Service& service) {
  auto status = service.status();
  if (!status) return std::move(status).error();
  auto document = Json::parse(*status, nullptr, false);
  if (!document.is_object() || !document.contains("position") || !document["position"].is_number_unsigned()) return damaged_answer("with a position");
  return document["position"].get<std::uint64_t>();
}

}  // namespace

Result<FileFormat> file_format_of(const std::string& name, const std::filesystem::path& file) {
  auto ending = file.extension().string();
  auto wanted = !name.empty() ? name : ending == ".csv" || ending == ".parquet" || ending == ".arrow" ? ending.substr(1) : "jsonl";
  if (wanted == "jsonl") return FileFormat::kJsonl;
  if (wanted == "csv") return FileFormat::kCsv;
  if (wanted == "parquet" || wanted == "arrow")
    return Error{ErrorCode::kInvalid, "export.format_unavailable", "this build writes no " + wanted + ": Apache Arrow is no package of Debian 12", "format",
                 "jsonl or csv", "DuckDB, pandas and Arrow read both, and write " + wanted};
  return Error{ErrorCode::kInvalid, "export.format_unknown", "there is no format \"" + wanted + "\"", "format", "jsonl or csv"};
}

Result<std::string> export_events(Service& service, EventsExport wanted, const Progress& progress, const std::stop_token& stop) {
  auto format = file_format_of(wanted.format, wanted.to);
  if (!format) return std::move(format).error();
  auto head = head_of(service);
  if (!head) return std::move(head).error();
  auto& range = wanted.events;
  range.from = std::max<std::uint64_t>(range.from, 1);
  range.to = std::min(range.to, *head);
  EventFiles files(wanted, *format);
  if (auto opened = files.open(); !opened) return std::move(opened).error();
  Result<void> written;
  std::uint64_t events = 0;
  auto total = range.to >= range.from ? range.to - range.from + 1 : 0;
  auto read = total == 0 ? Result<void>() : service.events(range, [&](std::string_view line) {
    written = files.write(line);
    if (++events % kTellEvery == 0 && progress) progress({"export", "events", events, total});
    return written.has_value() && !stop.stop_requested();
  }, stop);
  if (!written) return std::move(written).error();
  if (!read) return std::move(read).error();
  if (stop.stop_requested()) return Error{ErrorCode::kUnavailable, "export.stopped", "the export was stopped before its end; nothing is left of it"};
  if (progress) progress({"export", "events", events, events});
  auto done = files.finish();
  if (!done) return std::move(done).error();
  return printed(*done);
}

Result<std::string> export_report(Service& service, QueryRequest query, const std::filesystem::path& to, const std::string& format_name) {
  auto format = file_format_of(format_name, to);
  if (!format) return std::move(format).error();
  auto file = OutputFile::create(to);
  if (!file) return std::move(file).error();
  std::uint64_t rows = 0, position = 0;
  for (bool first = true;; first = false) {
    auto answer = service.query(query);
    if (!answer) return std::move(answer).error();
    auto report = Json::parse(*answer, nullptr, false);
    if (!report.is_object() || !report.contains("columns") || !report.contains("rows") || !report["columns"].is_array() || !report["rows"].is_array())
      return damaged_answer("with a report");
    auto names = report["columns"].get<std::vector<std::string>>();
    position = report.value("position", std::uint64_t{0});
    std::string text = first && *format == FileFormat::kCsv ? csv_line(names) : std::string();
    for (auto& row : report["rows"]) {
      ++rows;
      if (*format == FileFormat::kJsonl) {
        text += printed(row) + "\n";
        continue;
      }
      std::vector<std::optional<std::string>> fields;
      for (auto& name : names) fields.push_back(row.contains(name) ? field_of(row[name]) : std::nullopt);
      text += csv_line(fields);
    }
    if (auto written = (*file)->write(text); !written) return std::move(written).error();
    if (!report.contains("next") || !report["next"].is_string()) break;
    query.cursor = report["next"].get<std::string>();
  }
  if (auto finished = (*file)->finish(); !finished) return std::move(finished).error();
  return printed(Json{{"view", query.view}, {"report", query.report}, {"position", position}, {"rows", rows}, {"bytes", (*file)->bytes()}, {"files", {to.string()}}});
}

}  // namespace rapport
