// Events of a range, or a report, as files: README.md.
#pragma once
#include <filesystem>
#include <stop_token>
#include <string>

#include "adapters/application/service.h"

namespace rapport {

enum class FileFormat : std::uint8_t { kJsonl, kCsv };
// By its name; empty: by the file's ending, else JSON Lines. kInvalid "export.format_unknown", "export.format_unavailable".
Result<FileFormat> file_format_of(const std::string& name, const std::filesystem::path& file);

struct EventsExport {
  EventsRequest events;        // forward; without `to` to where the log ends
  std::filesystem::path to;    // a file; a folder, if it is there or ends with a slash, gets a file a type
  std::string format;          // file_format_of
  bool open = false;           // with personal texts
};
// {"events":n,"from":n,"to":n,"bytes":n,"files":["path"…]}. Nothing is left after an error, "export.stopped" included.
Result<std::string> export_events(Service& service, EventsExport wanted, const Progress& progress, const std::stop_token& stop);

// {"view":…,"report":…,"position":n,"rows":n,"bytes":n,"files":["path"]}
Result<std::string> export_report(Service& service, QueryRequest query, const std::filesystem::path& to, const std::string& format);

}  // namespace rapport
