// From a record's texts to the values of a table's columns: null, map, datatype, default, required,
// derived columns.
#pragma once
#include <functional>

#include "adapters/import/engine/row.h"
#include "adapters/import/mapping/time_zone.h"

namespace rapport::import {

// The keyed hash that stands for a personal text.
using PersonalHash = std::function<std::string(std::string_view)>;

// One thread. The table must outlive it.
class RowReader final {
 public:
  RowReader(const Table& table, LookupTables& lookups, PersonalHash hash);

  // Texts of the selected columns with the null markers made nothing.
  void take(const Record& record, SourceTexts& texts) const;
  // Fills `row`. A fault names the first column that could not be read. `only_keys`: just what key
  // and order need.
  Result<std::optional<RowFault>> read(const SourceTexts& texts, Row& row, bool only_keys = false);
  // Likewise of a row that was stored before: what cannot be read any more is missing, and personal
  // texts are hashes already.
  Result<void> read_stored(const SourceTexts& texts, Row& row);
  // The texts as a snapshot holds them: personal ones as their hashes.
  void conceal(SourceTexts& texts) const;

  // The values of the source columns, nulls and datatypes applied, as canonical JSON: what a
  // record's id is made of. False with a fault if a value is none of its datatype.
  std::optional<RowFault> content(const SourceTexts& texts, std::string& out);

  bool holds(const When& when, const Row& row, const Row* before) const;
  // The operand's value; `scratch` is used if it has to be made. Personal columns as their hashes.
  const Value& value_of(const Operand& operand, const Row& row, Value& scratch) const;
  // How the source calls a column; a derived one has its own name.
  const std::string& title_of(std::size_t column) const;
  // Missing if one of its columns is.
  bool text_of(const Template& from, const Row& row, std::string& out) const;

 private:
  std::optional<RowFault> finish(const Column& column, Value& value);
  Result<std::optional<RowFault>> derive(const Column& column, Row& row, std::size_t at);
  Result<std::optional<RowFault>> look_up(const Column& column, Row& row, std::size_t at);
  RowFault fault(const Column& column, std::string_view code, std::string message) const;
  bool test_holds(const Test& test, const Value& value) const;

  const Table& table_;
  LookupTables& lookups_;
  PersonalHash hash_;
  TimeZone zone_;
  Value scratch_;
  bool stored_ = false;
};

// Whether two rows differ in one of some columns; without a row before every present value is a
// change.
bool changed(const std::vector<std::size_t>& columns, const Row& row, const Row* before);

}  // namespace rapport::import
