// An import from beginning to end: files to tables by their headers, policies, rows, the batch's
// own events, the summary.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "adapters/import/key_value.h"
#include "domain/result.h"
#include "eventstore/command_gateway.h"

namespace rapport::import {

struct ImportOptions {
  std::string mapping;  // a preset's name, or the path of a mapping file
  std::vector<std::string> files;
  bool dry_run = false;  // decides everything, writes nothing
  std::string rejects;   // path; empty: rejects_folder/<import>.csv, in a dry run none
  std::string rejects_folder;
  std::string time_zone;  // overrules the mapping's, if it is not empty
};

// What an import needs of the store. Borrowed for the call.
struct ImportParts {
  CommandGateway& gateway;
  const EventStore& store;
  const SubjectKeys& keys;
  KeyValue& memory;  // of imports: DATA/imports
  MakeScratch make_scratch;
  std::stop_token stop = {};  // "import.stopped": as after a kill, the same import again goes on
};

// Bytes of the files read so far, as they lie on the disk. Called about every thousand rows.
using ImportProgress = std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)>;

struct ImportSummary {
  std::string import = {}, mapping = {};
  std::uint64_t rows = 0, accepted = 0, rejected = 0, already = 0;
  std::uint64_t events = 0;    // that were stored; of a dry run: would have been
  std::uint64_t position = 0;  // of the log afterwards
  std::string rejects = {};    // path of the rejects file; empty: none was written
  double seconds = 0;
  bool dry_run = false;
  std::map<std::string, std::uint64_t> commands = {};  // how often each was sent
  std::map<std::string, std::uint64_t> codes = {};     // rejected rows by their code
  std::map<std::string, std::vector<std::string>> unmapped =
      {};  // by file: columns neither mapped nor ignored
  // A file could not be read to its end: the rows before that are imported, and the same import can
  // be run again.
  std::optional<Error> aborted = {};
};
// The contract's import summary: {"import":…,"rows":…,…}.
std::string to_json(const ImportSummary& summary);

// Runs the import. Errors, of which none but the store's leaves anything behind:
//   kInvalid  "mapping.…", "time_zone.unknown", "import.no_table", "import.shape_changed",
//   "import.policy_differs", "source.…", "csv.…" kNotFound "import.no_file", "import.no_mapping"
//   kCorrupt  "import.memory_lost"
// A damaged file is found while it is read: the summary then says so.
Result<ImportSummary> run_import(const ImportOptions& options, const ImportParts& parts,
                                 const ImportProgress& progress = {});

// A preset's text, or a mapping file's. kNotFound "import.no_mapping".
Result<std::string> mapping_text(const std::string& name_or_path);

}  // namespace rapport::import
