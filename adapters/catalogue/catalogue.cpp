#include "adapters/catalogue/catalogue.h"

#include <fstream>
#include <map>
#include <system_error>

#include "adapters/catalogue/asyncapi.h"
#include "adapters/catalogue/pages.h"
#include "adapters/catalogue/record_headers.h"
#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"

namespace rapport::catalogue {
namespace {

constexpr std::string_view kHeaders = ".headers";

struct Event {
  const AggregatePlan* aggregate;
  const MemberPlan* plan;
};
// By type; nothing if there is none of that name.
std::optional<Event> find_event(std::string_view type) {
  auto dot = type.find('.');
  auto* aggregate = find_aggregate(type.substr(0, dot));
  if (aggregate == nullptr || dot == type.npos) return {};
  auto* event = aggregate->events.find(type.substr(dot + 1));
  return event == nullptr ? std::optional<Event>() : Event{aggregate, event};
}

std::string headers_document(const Event& event) {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"$id", schema_urn(event.plan->type, kSchemaVersion) + ":headers"},
              {"title", "headers of " + event.plan->type}};
  schema.update(event_headers(*event.aggregate, *event.plan));
  return schema.dump(2);
}

Error unwritable(const std::filesystem::path& path) {
  return {ErrorCode::kUnavailable, "catalogue.unwritable", "cannot write " + path.string(), "folder",
          "a folder that can be written, with room"};
}

// Beside its place first, so that nobody reads half of a file.
Result<void> write_file(const std::filesystem::path& path, const std::string& text) {
  auto part = path;
  part += ".part";
  std::ofstream file(part, std::ios::binary);
  file << text;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(part, path, failed);
  if (file && !failed) return {};
  return unwritable(path);
}

}  // namespace

Result<std::string> document(std::string_view name) {
  if (name == "asyncapi") return asyncapi().dump(2);
  constexpr std::string_view kUrn = "urn:rapport:schema:";
  if (name.starts_with(kUrn)) {
    auto type = name.substr(kUrn.size(), name.rfind(':') - kUrn.size());
    if (name == schema_urn(type, kSchemaVersion) && find_event(type)) name = type;
  }
  if (name.ends_with(kHeaders)) {
    auto type = name.substr(0, name.size() - kHeaders.size());
    if (auto event = find_event(type)) return headers_document(*event);
    if (auto other = schema_text(type); !other) return other;  // names what was meant
  }
  return schema_text(name);
}

Result<Written> write(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files{{"asyncapi.json", asyncapi().dump(2) + "\n"}, {"index.html", index_page()}};
  Written written;
  for (auto& aggregate : aggregate_plans()) {
    files[page_name(aggregate)] = aggregate_page(aggregate);
    for (auto& event : aggregate.events.members) {
      files["schemas/" + event.type + ".json"] = json_schema(*event.plan, event.type, SchemaSide::kEvent) + "\n";
      files["schemas/" + event.type + ".headers.json"] = headers_document({&aggregate, &event}) + "\n";
      ++written.events;
    }
  }
  std::error_code failed;
  std::filesystem::create_directories(folder / "schemas", failed);
  if (failed) return unwritable(folder);
  for (auto& [name, text] : files)
    if (auto done = write_file(folder / name, text); !done) return std::move(done).error();
  written.files = files.size();
  return written;
}

}  // namespace rapport::catalogue
