#include "tests/import/import_fixture.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/import/rocks/rocks_key_value.h"
#include "adapters/import/source/csv_reader.h"
#include "adapters/json/event_json.h"

namespace rapport::import {

namespace {

nlohmann::ordered_json without_nulls(const nlohmann::ordered_json& json) {
  if (!json.is_object()) return json;
  auto out = nlohmann::ordered_json::object();
  for (const auto& [name, value] : json.items())
    if (!value.is_null()) out[name] = without_nulls(value);
  return out;
}

Result<std::unique_ptr<KeyValue>> scratch() {
  return open_scratch(std::filesystem::temp_directory_path().string());
}

}  // namespace

ImportStore::ImportStore() { restart(); }

void ImportStore::restart() {
  gateway.reset();
  auto opened = CommandGateway::open(aggregates, store, keys, clock);
  RAPPORT_ASSERT(opened.has_value());
  gateway = std::move(*opened);
}

std::vector<std::string> ImportStore::events(std::uint64_t from) const {
  std::vector<std::string> out;
  auto reader = store.read({.from = Position{from + 1}});
  for (;;) {
    auto event = reader->next();
    RAPPORT_ASSERT(event.has_value());
    if (!*event) return out;
    if ((*event)->stream_type == "batch") continue;
    std::string text;
    RAPPORT_ASSERT(append_event(**event, &keys, text).has_value());
    auto data = nlohmann::ordered_json::parse(text)["data"];
    out.push_back(std::string((*event)->type) + " " + std::string((*event)->stream_id) + " " +
                  without_nulls(data).dump());
  }
}

std::vector<std::string> ImportStore::whole_events() const {
  std::vector<std::string> out;
  auto reader = store.read({});
  for (;;) {
    auto event = reader->next();
    RAPPORT_ASSERT(event.has_value());
    if (!*event) return out;
    std::string text;
    RAPPORT_ASSERT(append_event(**event, &keys, text).has_value());
    auto json = nlohmann::json::parse(text);
    for (const char* own : {"recordedAt", "leaf", "position"}) json.erase(own);
    if (json["occurredPrecision"] == "unknown" || (*event)->stream_type == "batch")
      json.erase("occurredAt");  // the time of the run
    out.push_back(json.dump());
  }
}

ImportTest::ImportTest() {
  auto name = (std::filesystem::temp_directory_path() / "rapport-import-test-XXXXXX").string();
  RAPPORT_ASSERT(::mkdtemp(name.data()));
  folder = name;
}

ImportTest::~ImportTest() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

std::string ImportTest::write(const std::string& name, std::string_view text) const {
  auto path = folder / name;
  std::ofstream(path, std::ios::binary)
      .write(text.data(), static_cast<std::streamsize>(text.size()));
  return path.string();
}

std::string ImportTest::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Result<ImportSummary> ImportTest::import_into(ImportStore& into, const std::string& mapping,
                                              const std::vector<std::string>& files, bool dry_run) {
  auto path = mapping.starts_with('{') ? write("mapping.json", mapping) : mapping;
  return run_import({.mapping = path,
                     .files = files,
                     .dry_run = dry_run,
                     .rejects = {},
                     .rejects_folder = (folder / "rejects").string(),
                     .time_zone = {}},
                    {.gateway = *into.gateway,
                     .store = into.store,
                     .keys = into.keys,
                     .memory = into.memory,
                     .make_scratch = scratch});
}

std::vector<std::string> ImportTest::rejects(const ImportSummary& summary) const {
  std::vector<std::string> out;
  if (summary.rejects.empty()) return out;
  auto reader = RecordReader::open(summary.rejects, {});
  RAPPORT_ASSERT(reader.has_value());
  (*reader)->select({1u, 2u, 3u});
  Record record;
  while (*(*reader)->next(record)) {
    auto column = std::string(*record.values[1]);
    out.push_back(std::string(*record.values[0]) + " " + column + (column.empty() ? "" : ": ") +
                  std::string(*record.values[2]));
  }
  return out;
}

std::string told(const Result<ImportSummary>& summary) {
  if (!summary) return summary.error().reason + ": " + summary.error().message;
  if (summary->aborted) return summary->aborted->reason + ": " + summary->aborted->message;
  std::ostringstream out;
  out << summary->rows << '/' << summary->accepted << '/' << summary->rejected << '/'
      << summary->already << " +" << summary->events;
  return out.str();
}

std::filesystem::path samples() {
  if (const char* named = std::getenv("RAPPORT_SAMPLES")) return named;
  auto beside = std::filesystem::path(RAPPORT_SOURCE_DIR) / ".." / "shared" / "data";
  return std::filesystem::exists(beside) ? beside : std::filesystem::path();
}

}  // namespace rapport::import
