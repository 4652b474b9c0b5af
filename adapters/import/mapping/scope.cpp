#include "adapters/import/mapping/scope.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;
using Kind = Value::Kind;
constexpr std::array<const char*, 10> kKindNames = {"nothing",  "text",    "boolean", "integer",
                                                    "quantity", "money",   "price",   "bp",
                                                    "date",     "datetime"};

bool numeric(Kind kind) {
  return kind == Kind::kInteger || kind == Kind::kQuantity || kind == Kind::kMoney ||
         kind == Kind::kPrice || kind == Kind::kBp;
}

}  // namespace

std::string names_of(const Kinds& kinds) {
  std::string out;
  for (std::size_t i = 1; i < kKindNames.size(); ++i)
    if (kinds.test(i)) out += (out.empty() ? "" : " or ") + std::string(kKindNames[i]);
  return out.empty() ? "nothing" : out;
}

void Faults::take(std::vector<MappingFault> more) {
  for (auto& fault : more) all_.push_back(std::move(fault));
}

Value constant_of(const Json& value) {
  Value out;
  if (value.is_string())
    out.set_text(value.get_ref<const std::string&>());
  else if (value.is_boolean())
    out.set(Kind::kBoolean, value.get<bool>());
  else if (value.is_number_integer())
    out.set(Kind::kInteger, value.get<std::int64_t>());
  else if (value.is_number())
    out.set_text(value.dump());
  return out;
}

std::optional<std::size_t> Scope::find(std::string_view column) const {
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].name == column) return i;
  return std::nullopt;
}

std::optional<std::size_t> Scope::need(std::string_view column, const std::string& place) {
  if (auto found = find(column)) return found;
  Nearest nearest(column);
  for (const auto& known : table.columns) nearest.offer(known.name);
  faults.add(place, "no column \"" + std::string(column) + "\"" + nearest.hint());
  return std::nullopt;
}

std::optional<Template> Scope::parse_template(std::string_view text, const std::string& place) {
  Template made;
  auto literal = [&](char c) {
    if (made.parts.empty() || made.parts.back().column) made.parts.push_back({});
    made.parts.back().literal += c;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && doubled) {
      literal(text[i++]);
      continue;
    }
    if (text[i] == '}') {
      faults.add(place, "a \"}\" without its \"{\"; a brace as text is written twice");
      return std::nullopt;
    }
    if (text[i] != '{') {
      literal(text[i]);
      continue;
    }
    auto end = text.find('}', i);
    if (end == text.npos) {
      faults.add(place, "a \"{\" without its \"}\"; a brace as text is written twice");
      return std::nullopt;
    }
    auto column = need(text.substr(i + 1, end - i - 1), place);
    if (!column) return std::nullopt;
    made.parts.push_back({.literal = {}, .column = column, .hashed = personal(*column)});
    i = end;
  }
  return made;
}

std::optional<Operand> Scope::parse_operand(const Json& value, const std::string& place) {
  Operand operand;
  if (value.is_string() &&
      value.get_ref<const std::string&>().find_first_of("{}") != std::string::npos) {
    operand.from = parse_template(value.get_ref<const std::string&>(), place);
    if (!operand.from) return std::nullopt;
    bool constant = std::ranges::none_of(operand.from->parts,
                                         [](const auto& part) { return part.column.has_value(); });
    if (!constant) return operand;
    operand.constant.set_text(operand.from->parts.front().literal);
    operand.from.reset();
    return operand;
  }
  operand.constant = constant_of(value);
  return operand;
}

Kinds Scope::kinds_of(const Operand& operand) const {
  if (!operand.from) return operand.constant.missing() ? Kinds() : only(operand.constant.kind);
  if (auto column = operand.from->single()) return facts[*column].kinds;
  return only(Kind::kText);
}

void Scope::check_test_value(std::size_t column, const Value& value, const std::string& place) {
  const auto& fact = facts[column];
  const auto& name = table.columns[column].name;
  if (value.missing()) return;
  if (personal(column))
    return faults.add(place, "column \"" + name + "\" is personal: it can only be tested for null");
  bool possible = value.kind == Kind::kText
                      ? may_be(fact.kinds, Kind::kText) || may_be(fact.kinds, Kind::kDate) ||
                            may_be(fact.kinds, Kind::kTime)
                      : false;
  for (std::size_t i = 0; i < fact.kinds.size(); ++i) {
    auto kind = static_cast<Kind>(i);
    if (fact.kinds.test(i) &&
        (kind == value.kind || (numeric(kind) && value.kind == Kind::kInteger)))
      possible = true;
  }
  if (!possible) {
    return faults.add(place, "never holds: column \"" + name + "\" is " + names_of(fact.kinds) +
                                 ", not " + names_of(only(value.kind)));
  }
  if (value.kind != Kind::kText || !fact.texts || fact.texts->contains(value.text)) return;
  Nearest nearest(value.text);
  for (const auto& text : *fact.texts) nearest.offer(text);
  faults.add(place, "never holds: column \"" + name + "\" is never \"" + value.text + "\"" +
                        nearest.hint());
}

void Scope::add_test(When& when, std::size_t column, Test::Kind kind, const Json& value,
                     const std::string& place) {
  Test test{.column = column, .kind = kind, .values = {}, .prefix = {}, .limit = 0};
  if (kind == Test::Kind::kStartsWith) {
    test.prefix = value.get<std::string>();
    if (personal(column))
      faults.add(place, "column \"" + table.columns[column].name +
                            "\" is personal: it can only be tested for null");
  } else if (kind == Test::Kind::kBelow || kind == Test::Kind::kAbove) {
    test.limit = value.get<std::int64_t>();
    bool number = false;
    for (std::size_t i = 0; i < facts[column].kinds.size(); ++i)
      number |= facts[column].kinds.test(i) && numeric(static_cast<Kind>(i));
    if (!number)
      faults.add(place, "column \"" + table.columns[column].name + "\" is " +
                            names_of(facts[column].kinds) + ", no number");
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      test.values.push_back(constant_of(value[i]));
      check_test_value(column, test.values.back(), below(place, i));
    }
  } else {
    test.values.push_back(constant_of(value));
    check_test_value(column, test.values.back(), place);
  }
  when.push_back(std::move(test));
}

When Scope::parse_when(const Json& when, const std::string& place, bool knows_before) {
  static constexpr std::array<std::pair<const char*, Test::Kind>, 6> kTests = {
      {{"is", Test::Kind::kIs},
       {"not", Test::Kind::kNot},
       {"was", Test::Kind::kWas},
       {"startsWith", Test::Kind::kStartsWith},
       {"below", Test::Kind::kBelow},
       {"above", Test::Kind::kAbove}}};
  When made;
  for (const auto& [name, tests] : when.items()) {
    auto at = below(place, name);
    auto column = need(name, at);
    if (!column) continue;
    if (!tests.is_object()) {
      add_test(made, *column, Test::Kind::kIs, tests, at);
      continue;
    }
    for (const auto& [word, kind] : kTests) {
      if (!tests.contains(word)) continue;
      if (kind == Test::Kind::kWas && !knows_before)
        faults.add(
            below(at, word),
            "\"was\" asks for the row before: only commands of mode state and history know it");
      add_test(made, *column, kind, tests[word], below(at, word));
    }
  }
  return made;
}

}  // namespace rapport::import
