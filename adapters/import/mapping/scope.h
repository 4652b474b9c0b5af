// What compiling a mapping's parts shares: the table that is being compiled, what its columns can
// hold, and the faults found.
#pragma once
#include <bitset>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/import/mapping/nearest.h"
#include "adapters/import/mapping/plan.h"
#include "adapters/import/mapping/structure.h"

namespace rapport::import {

// The kinds of value that a column or operand can yield, besides none.
using Kinds = std::bitset<16>;
inline Kinds only(Value::Kind kind) { return Kinds(1u << static_cast<unsigned>(kind)); }
inline bool may_be(const Kinds& kinds, Value::Kind kind) {
  return kinds.test(static_cast<std::size_t>(kind));
}
std::string names_of(const Kinds& kinds);  // "text or date"

// What is known of a column beside its plan.
struct ColumnFacts {
  Kinds kinds;
  std::optional<std::set<std::string>> texts;  // all texts it can hold, where a map or cases say so
  std::set<std::size_t> needs;                 // columns that it is made of
  bool used_as_text = false;                   // of a personal column: in a $personal field
};

class Faults {
 public:
  void add(std::string pointer, std::string message) {
    all_.push_back({std::move(pointer), std::move(message)});
  }
  void take(std::vector<MappingFault> more);
  const std::vector<MappingFault>& all() const { return all_; }

 private:
  std::vector<MappingFault> all_;
};

struct Scope {
  Plan& plan;
  Table& table;
  std::vector<ColumnFacts> facts;                  // by column
  std::vector<std::vector<ColumnFacts>>& earlier;  // of the tables before this one
  Faults& faults;

  std::optional<std::size_t> find(std::string_view column) const;
  // As find(), with a fault and the nearest name if there is none.
  std::optional<std::size_t> need(std::string_view column, const std::string& place);
  bool personal(std::size_t column) const { return table.columns[column].personal; }

  // "{a}/{b}", where "{{" and "}}" stand for braces. Faults are told at `place`.
  std::optional<Template> parse_template(std::string_view text, const std::string& place);
  // A JSON scalar: text with columns in it is a template, anything else a constant.
  std::optional<Operand> parse_operand(const nlohmann::ordered_json& value,
                                       const std::string& place);
  Kinds kinds_of(const Operand& operand) const;
  // The tests of a `when`. `was` is only for commands that know a row before.
  When parse_when(const nlohmann::ordered_json& when, const std::string& place, bool knows_before);

 private:
  void add_test(When& when, std::size_t column, Test::Kind kind,
                const nlohmann::ordered_json& value, const std::string& place);
  void check_test_value(std::size_t column, const Value& value, const std::string& place);
};

// A JSON scalar as a value: text, whole number, boolean or missing; other numbers as text.
Value constant_of(const nlohmann::ordered_json& value);
}  // namespace rapport::import
