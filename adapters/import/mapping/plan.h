// A mapping, checked and compiled: what the row engine follows without looking anything up by name.
// See MAPPING.md.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "adapters/import/mapping/datatype.h"
#include "adapters/import/source/record_reader.h"
#include "adapters/json/field_plan.h"
#include "eventstore/event.h"

namespace rapport::import {

// Text with columns in it: "{is_closed}/{is_won}". Missing if one of its columns is.
struct Template {
  struct Part {
    std::string literal = {};
    std::optional<std::size_t> column = {};
    bool hashed = false;  // a personal column: its keyed hash stands for it
  };
  std::vector<Part> parts;
  // The column, if the template is one column and nothing else: then its type is kept.
  std::optional<std::size_t> single() const {
    return parts.size() == 1 ? parts[0].column : std::nullopt;
  }
};

// A constant, or a template.
struct Operand {
  Value constant;
  std::optional<Template> from;
};

struct Test {
  enum class Kind : std::uint8_t { kIs, kNot, kWas, kStartsWith, kBelow, kAbove };
  std::size_t column = 0;
  Kind kind = Kind::kIs;
  std::vector<Value> values;  // kMissing = null
  std::string prefix;
  std::int64_t limit = 0;  // a whole number, in the column's own unit scale when compared
};
using When = std::vector<Test>;

struct Case {
  When when;
  Operand value;
};

struct Lookup {
  std::size_t table = 0;
  std::string table_name;
  std::vector<Template> key;
  std::size_t column = 0;                  // of that table
  std::optional<std::size_t> told_column;  // of this table: the one that a failure is told of
};

struct Column {
  std::string name;
  std::string place;  // JSON Pointer into the mapping
  // Where it comes from: one of these.
  std::optional<std::size_t> source;  // place among the table's source columns
  std::optional<Template> value;
  std::vector<Case> cases;
  std::optional<Lookup> lookup;

  bool mapped = false;
  std::unordered_map<std::string, Value> map;
  enum class Otherwise : std::uint8_t { kReject, kKeep, kValue } otherwise = Otherwise::kReject;
  Value otherwise_value;
  std::optional<Datatype> datatype;
  std::optional<Value> default_value;
  bool required = false;
  bool personal = false;
  bool hashed_on_reading = false;  // personal and nowhere used as text: only its hash is ever held
  bool pivoted = false;
};

struct SourceColumn {
  std::size_t column = 0;  // among the table's columns
  std::vector<std::string> titles;
  bool hashed = false;  // personal
};

// Writes one field of a command's struct; see command_writer.h.
struct FieldWriter {
  enum class Form : std::uint8_t { kScalar, kObject, kList, kEach };
  Form form = Form::kScalar;
  const FieldPlan* field = nullptr;
  std::string place;
  Operand operand;                    // kScalar
  bool whole_hashed = false;          // kScalar: one personal column in a reference
  std::vector<FieldWriter> members;   // kObject: its fields; kEach: one element's fields
  std::vector<FieldWriter> elements;  // kList: kObject or kScalar each
};

struct At {
  enum class Word : std::uint8_t { kUnknown, kAlways };
  struct Choice {
    std::optional<std::size_t> column;
    std::optional<Value> constant;
    std::optional<Word> word;
  };
  std::vector<Choice> choices;
  std::string place;
};

struct CommandStep {
  std::string command;  // "case/open"
  std::string place;
  std::string aggregate;
  const UnionPlan* commands = nullptr;
  const MemberPlan* member = nullptr;
  const AggregatePlan* plan = nullptr;
  Template id;
  enum class On : std::uint8_t { kBoth, kFirst, kLater } on = On::kBoth;
  bool once = false;
  std::vector<std::size_t> if_changed;
  When when;
  At at;
  std::optional<Template> actor, reason;
  std::vector<FieldWriter> fields;
  // patch: fields of the command's `new`, each sent only if one of its columns changed.
  const FieldPlan* patched = nullptr;
  struct Patch {
    FieldWriter writer;
    std::vector<std::size_t> columns;
  };
  std::vector<Patch> patch;
  std::uint64_t order = 0;  // place among all the mapping's commands, for counting
};

struct Table {
  enum class Mode : std::uint8_t { kRows, kGroups, kState, kHistory };
  enum class Conflict : std::uint8_t { kReject, kOurs, kTheirs };
  std::string name, place;
  Dialect dialect;
  std::vector<std::string> nulls;
  std::string time_zone;
  Mode mode = Mode::kRows;
  std::vector<std::size_t> key, order_by;
  struct Pivot {
    std::size_t name = 0, value = 0;  // columns
  };
  std::optional<Pivot> pivot;
  bool unmatched_accepted = false;
  Conflict conflict = Conflict::kReject;
  bool ignores_rest = false;
  std::unordered_set<std::string> ignored;
  std::vector<Column> columns;
  std::vector<SourceColumn> sources;
  std::vector<CommandStep> commands;
  At at;                          // the table's default: the time of a row of a history
  std::vector<bool> key_columns;  // by column: needed to know the key (and, sorted, the order)
  bool looked_up = false;         // another table looks values up here
  std::string shape;              // what may not change under one mapping name, as canonical JSON
  bool keeps_snapshots() const { return mode == Mode::kState || mode == Mode::kHistory; }
};

struct PolicyStep {
  std::string id, place;
  CommandStep command;              // policySet/publish
  std::int32_t effective_from = 0;  // days since 1970
};

struct Plan {
  std::string name, title, file;  // `file`: how errors call the mapping
  Hash sha256{};                  // of the mapping's text
  bool as_fact = true;
  std::vector<PolicyStep> policies;
  std::vector<Table> tables;
  std::uint64_t commands = 0;  // how many commands the tables have
};

}  // namespace rapport::import
