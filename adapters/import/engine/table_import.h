// Imports one table: its rows from all its files, in the order that its mode asks for.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "adapters/import/engine/external_sort.h"
#include "adapters/import/engine/lookups.h"
#include "adapters/import/engine/record_decider.h"
#include "adapters/import/engine/run_state.h"

namespace rapport::import {

// One thread.
class TableImport final {
 public:
  TableImport(std::size_t index, RunState& run, RunLookups& lookups, const PersonalHash& hash);

  // A record as it was read; file after file, in order.
  Result<void> add(std::uint32_t file, const Record& record);
  // After the last record: what had to be sorted first is imported now.
  Result<void> finish();

 private:
  // One row of a group, as the sorter keeps it.
  struct Member {
    RowOrigin origin;
    SourceTexts texts;
    std::uint64_t number = 0;
  };

  bool sorted() const { return table_.mode == Table::Mode::kGroups || !table_.order_by.empty(); }
  Result<void> sort_in(const RowOrigin& origin, const SourceTexts& texts);
  Result<void> import_row(const RowOrigin& origin, SourceTexts& texts);
  Result<void> reject(const RowOrigin& origin, const RowFault& fault) {
    return reject_row(run_, origin, fault);
  }

  // Mode rows.
  Result<void> import_event(const RowOrigin& origin);
  // Modes state and history.
  // A row of a key: which record it is.
  struct Change {
    Id16 key{}, id{};
    Id16 content{};  // the same for the same content, whatever was reverted
    std::uint64_t n = 0;
    std::optional<Snapshot> snapshot;  // the key's last one
  };
  Result<bool> identify(const RowOrigin& origin, const SourceTexts& texts, Change& change);
  void remember(const Change& change, std::optional<std::int64_t> at,
                std::vector<std::pair<std::uint64_t, std::uint64_t>> streams);
  Result<void> import_change(const RowOrigin& origin, SourceTexts& texts);
  Result<std::optional<RowFault>> read_change(SourceTexts& texts, const Snapshot* snapshot);
  void fill_pivoted(SourceTexts& texts, const Snapshot* snapshot) const;
  // Whether the n-th of this content under its key is remembered, under whatever epoch.
  Result<bool> known_already(std::uint64_t n, std::uint32_t epoch);
  void count_known(std::uint32_t import, std::uint64_t rows);
  Result<std::uint64_t> count_occurrence(const Id16& id);
  // Mode groups.
  Result<void> finish_groups();
  Result<void> import_group(const std::vector<Member>& members);
  Result<void> reject_group(const std::vector<Member>& members, std::size_t guilty,
                            const RowFault& fault);
  Result<std::optional<RowFault>> read_group(const std::vector<Member>& members,
                                             std::string& content, std::size_t& guilty);

  Result<void> look_up_later(const Row& row, const std::string& key);
  static void encode(const Member& member, std::string& out);
  static void decode(BytesIn& in, Member& member);

  const std::size_t index_;
  const Table& table_;
  RunState& run_;
  RunLookups& lookups_;
  RowReader reader_;
  RecordDecider decider_;
  bool conceals_ =
      false;  // a personal column is used as text: rows and snapshots are compared by hashes
  std::uint64_t number_ = 0;  // rows so far
  std::unique_ptr<ExternalSort> sort_;
  SpillingMap occurrences_;
  // Reused from row to row.
  SourceTexts texts_, concealed_;
  Row row_, compared_, before_;
  std::string key_, content_;
  std::vector<Row> group_;
};

}  // namespace rapport::import
