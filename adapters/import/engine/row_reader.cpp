#include "adapters/import/engine/row_reader.h"

#include <algorithm>

namespace rapport::import {

namespace {

using Kind = Value::Kind;

// The value times 10^scale is value.number.
int scale_of(const Value& value) {
  switch (value.kind) {
    case Kind::kQuantity:
      return 3;
    case Kind::kMoney:
      return minor_digits(value.currency);
    case Kind::kPrice:
      return value.scale;
    case Kind::kBp:
      return 2;
    default:
      return 0;
  }
}

Wide scaled(std::int64_t whole, int scale) {
  Wide out = whole;
  for (; scale > 0; --scale) out *= 10;
  return out;
}

bool equal(const Value& value, const Value& constant) {
  if (value.missing() || constant.missing()) return value.missing() && constant.missing();
  if (constant.kind == Kind::kText)
    return value.kind == Kind::kText ? value.text == constant.text
                                     : rapport::import::text_of(value) == constant.text;
  if (constant.kind == Kind::kBoolean)
    return value.kind == Kind::kBoolean && value.number == constant.number;
  if (value.kind == Kind::kText || value.kind == Kind::kBoolean || value.kind == Kind::kDate ||
      value.kind == Kind::kTime)
    return false;
  return value.number == scaled(constant.number, scale_of(value));
}

}  // namespace

std::string key_of(const std::vector<std::size_t>& columns, const Row& row) {
  std::string key = "[";
  for (auto column : columns) {
    if (key.size() > 1) key += ',';
    // As text whatever its type is, so that a lookup by a template finds it.
    if (row.values[column].missing())
      key += "null";
    else
      append_canonical(std::string_view(text_of(row.values[column])), key);
  }
  return key += ']';
}

bool changed(const std::vector<std::size_t>& columns, const Row& row, const Row* before) {
  return std::ranges::any_of(columns, [&](std::size_t column) {
    return before ? row.values[column] != before->values[column] : !row.values[column].missing();
  });
}

RowReader::RowReader(const Table& table, LookupTables& lookups, PersonalHash hash)
    : table_(table), lookups_(lookups), hash_(std::move(hash)) {
  if (auto zone = TimeZone::find(table.time_zone)) zone_ = *zone;
}

void RowReader::take(const Record& record, SourceTexts& texts) const {
  texts.resize(record.values.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& value = record.values[i];
    if (!value || std::ranges::find(table_.nulls, *value) != table_.nulls.end()) {
      texts[i].reset();
    } else if (texts[i]) {
      texts[i]->assign(*value);
    } else {
      texts[i].emplace(*value);
    }
  }
}

const std::string& RowReader::title_of(std::size_t column) const {
  const auto& of = table_.columns[column];
  return of.source ? table_.sources[*of.source].titles.front() : of.name;
}

RowFault RowReader::fault(const Column& column, std::string_view code, std::string message) const {
  return {column.source ? table_.sources[*column.source].titles.front() : column.name,
          std::string(code), std::move(message), column.place};
}

std::optional<RowFault> RowReader::finish(const Column& column, Value& value) {
  if (column.mapped && !value.missing()) {
    if (value.kind != Kind::kText) value.set_text(rapport::import::text_of(value));
    auto found = column.map.find(value.text);
    if (found != column.map.end()) {
      value = found->second;
    } else if (column.otherwise == Column::Otherwise::kValue) {
      value = column.otherwise_value;
    } else if (column.otherwise == Column::Otherwise::kReject) {
      return fault(column, "map.unknown_value", "\"" + value.text + "\" is not in the map");
    }
  }
  if (column.datatype && value.kind == Kind::kText &&
      column.datatype->base != Datatype::Base::kString) {
    scratch_.text.assign(value.text);
    if (auto wrong = read_value(scratch_.text, *column.datatype, zone_, value))
      return fault(column, wrong.code, wrong.message);
  }
  if (value.missing() && column.default_value) value = *column.default_value;
  if (value.missing() && column.required) return fault(column, "value.missing", "has no value");
  return std::nullopt;
}

Result<std::optional<RowFault>> RowReader::look_up(const Column& column, Row& row, std::size_t at) {
  const auto& lookup = *column.lookup;
  auto& value = row.values[at];
  std::string key = "[", shown, part;
  for (const auto& from : lookup.key) {
    part.clear();
    if (!text_of(from, row, part)) return finish(column, value);
    if (key.size() > 1) key += ',';
    append_canonical(std::string_view(part), key);
    shown += (shown.empty() ? "" : ", ") + part;
  }
  key += ']';
  auto found = lookups_.find(lookup.table, key, lookup.column, value);
  if (!found) return found.error();
  if (*found) return finish(column, value);
  if (stored_) return std::optional<RowFault>();
  const auto& told = lookup.told_column ? table_.columns[*lookup.told_column] : column;
  auto wrong =
      fault(told, "lookup.not_found", "no " + lookup.table_name + " row \"" + shown + "\"");
  wrong.place = column.place;
  return std::optional(std::move(wrong));
}

Result<std::optional<RowFault>> RowReader::derive(const Column& column, Row& row, std::size_t at) {
  auto& value = row.values[at];
  value.clear();
  if (column.lookup) return look_up(column, row, at);
  if (column.value) {
    if (auto single = column.value->single())
      value = row.values[*single];
    else if (std::string text; text_of(*column.value, row, text))
      value.set_text(text);
    return finish(column, value);
  }
  for (const auto& one : column.cases) {
    if (!holds(one.when, row, nullptr)) continue;
    value = value_of(one.value, row, scratch_);
    break;
  }
  return finish(column, value);
}

Result<std::optional<RowFault>> RowReader::read(const SourceTexts& texts, Row& row,
                                                bool only_keys) {
  row.values.resize(table_.columns.size());
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    if (only_keys && !table_.key_columns[i]) continue;
    const auto& column = table_.columns[i];
    auto& value = row.values[i];
    std::optional<RowFault> wrong;
    if (column.source) {
      value.clear();
      if (const auto& text = texts[*column.source]) {
        if (column.hashed_on_reading && !stored_)
          value.set_text(hash_(*text));
        else
          value.set_text(*text);
      }
      wrong = finish(column, value);
    } else {
      auto derived = derive(column, row, i);
      if (!derived) return derived.error();
      wrong = std::move(*derived);
    }
    if (!wrong) continue;
    if (!stored_) return wrong;
    value.clear();
  }
  return std::optional<RowFault>();
}

Result<void> RowReader::read_stored(const SourceTexts& texts, Row& row) {
  stored_ = true;
  auto read_row = read(texts, row);
  stored_ = false;
  if (!read_row) return read_row.error();
  return {};
}

void RowReader::conceal(SourceTexts& texts) const {
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (texts[i] && table_.sources[i].hashed) texts[i] = hash_(*texts[i]);
}

std::optional<RowFault> RowReader::content(const SourceTexts& texts, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i) out += ',';
    const auto& column = table_.columns[table_.sources[i].column];
    if (!texts[i]) {
      out += "null";
    } else if (!column.datatype || column.datatype->base == Datatype::Base::kString) {
      append_canonical(std::string_view(*texts[i]), out);
    } else if (auto wrong = read_value(*texts[i], *column.datatype, zone_, scratch_); !wrong) {
      append_canonical(scratch_, out);
    } else if (column.mapped) {
      append_canonical(std::string_view(*texts[i]), out);  // the map makes a value of it
    } else {
      return fault(column, wrong.code, wrong.message);
    }
  }
  out += ']';
  return std::nullopt;
}

bool RowReader::test_holds(const Test& test, const Value& value) const {
  auto any = [&] {
    return std::ranges::any_of(test.values,
                               [&](const Value& constant) { return equal(value, constant); });
  };
  switch (test.kind) {
    case Test::Kind::kIs:
    case Test::Kind::kWas:
      return any();
    case Test::Kind::kNot:
      return !any();
    case Test::Kind::kStartsWith:
      return !value.missing() && rapport::import::text_of(value).starts_with(test.prefix);
    case Test::Kind::kBelow:
      return !value.missing() && value.kind != Kind::kText &&
             value.number < scaled(test.limit, scale_of(value));
    case Test::Kind::kAbove:
      return !value.missing() && value.kind != Kind::kText &&
             value.number > scaled(test.limit, scale_of(value));
  }
  return false;
}

bool RowReader::holds(const When& when, const Row& row, const Row* before) const {
  static const Value kMissing;
  return std::ranges::all_of(when, [&](const Test& test) {
    if (test.kind != Test::Kind::kWas) return test_holds(test, row.values[test.column]);
    return test_holds(test, before ? before->values[test.column] : kMissing);
  });
}

const Value& RowReader::value_of(const Operand& operand, const Row& row, Value& scratch) const {
  if (!operand.from) return operand.constant;
  auto single = operand.from->single();
  if (single && !operand.from->parts[0].hashed) return row.values[*single];
  scratch.clear();
  std::string text;
  if (text_of(*operand.from, row, text)) scratch.set_text(text);
  return scratch;
}

bool RowReader::text_of(const Template& from, const Row& row, std::string& out) const {
  for (const auto& part : from.parts) {
    if (!part.column) {
      out += part.literal;
      continue;
    }
    const auto& value = row.values[*part.column];
    if (value.missing()) return false;
    if (part.hashed && !table_.columns[*part.column].hashed_on_reading)
      out += hash_(value.text);
    else
      append_text(value, out);
  }
  return true;
}

}  // namespace rapport::import
