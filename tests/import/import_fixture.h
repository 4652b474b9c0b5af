// A store in memory, a folder for files, and an import into it.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/import/import_run.h"
#include "adapters/import/key_value.h"
#include "eventstore/memory/memory_event_store.h"
#include "eventstore/memory/memory_subject_keys.h"

namespace rapport::import {

// A store with its gateway and its memory of imports.
struct ImportStore {
  ImportStore();
  // Events as "type stream {data}", batch events left out; those recorded after `from` positions.
  std::vector<std::string> events(std::uint64_t from = 0) const;
  // Likewise with everything that must be the same in a log that was made in several runs: id,
  // times, actor, reason, source, data.
  std::vector<std::string> whole_events() const;
  std::uint64_t position() const { return store.head().position.value; }
  // What a dead process leaves: the memory of imports as it was in an earlier moment.
  void restart();

  SystemClock clock;
  std::vector<Aggregate> aggregates = all_aggregates();
  MemoryEventStore store;
  MemorySubjectKeys keys{"import test"};
  std::unique_ptr<CommandGateway> gateway;
  OverlayKeyValue memory;
};

struct ImportTest : testing::Test {
  ImportTest();
  ~ImportTest() override;

  std::string write(const std::string& name, std::string_view text) const;
  static std::string read(const std::string& path);
  // The mapping is JSON text; of a preset its name.
  Result<ImportSummary> import_into(ImportStore& into, const std::string& mapping,
                                    const std::vector<std::string>& files, bool dry_run = false);
  Result<ImportSummary> import(const std::string& mapping, const std::vector<std::string>& files,
                               bool dry_run = false) {
    return import_into(target, mapping, files, dry_run);
  }
  // The rejects of the last import, a line a row, without their header: "line column: code".
  std::vector<std::string> rejects(const ImportSummary& summary) const;

  std::filesystem::path folder;
  ImportStore target;
};

// "rows/accepted/rejected/already +events"; the error's reason if there is one.
std::string told(const Result<ImportSummary>& summary);
// Where the real data sets lie; empty if they are not here.
std::filesystem::path samples();

}  // namespace rapport::import
