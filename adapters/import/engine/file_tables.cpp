#include "adapters/import/engine/file_tables.h"

#include <algorithm>

namespace rapport::import {

namespace {

bool in_header(const Table& table, const SourceColumn& source) {
  return !table.columns[source.column].pivoted;
}

struct Fit {
  std::size_t found = 0, wanted = 0;
  std::vector<std::optional<std::size_t>> columns;
  std::vector<std::string> missing;
};

Fit fit(const Table& table, const RecordReader& reader) {
  Fit fit;
  for (const auto& source : table.sources) {
    std::optional<std::size_t> column;
    if (in_header(table, source)) {
      column = reader.find(source.titles);
      // A member of JSON Lines that is not required may be absent from every line.
      bool may_lack = table.dialect.format == Dialect::Format::kJsonLines &&
                      !table.columns[source.column].required &&
                      std::ranges::find(table.key, source.column) == table.key.end();
      if (column)
        ++fit.found;
      else if (!may_lack)
        fit.missing.push_back(source.titles.front());
      ++fit.wanted;
    }
    fit.columns.push_back(column);
  }
  return fit;
}

std::string names_of(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

bool is_named(const SourceColumn& source, std::string_view column) {
  return std::ranges::any_of(source.titles, [&](std::string_view title) {
    return title == column || (title.starts_with('/') && title.substr(1) == column);
  });
}

}  // namespace

std::vector<std::vector<std::string>> names_of_columns(const Table& table) {
  std::vector<std::vector<std::string>> names;
  for (const auto& source : table.sources)
    names.push_back(in_header(table, source) ? source.titles : std::vector<std::string>());
  return names;
}

std::vector<std::string> unmapped_columns(const Table& table, const FileTable& file,
                                          const std::vector<std::string>& header) {
  std::vector<std::string> names;
  if (table.ignores_rest) return names;
  // Of several names in a CSV header one is read, of those in JSON Lines each, where it comes.
  bool by_name = table.dialect.format == Dialect::Format::kJsonLines;
  for (std::size_t i = 0; i < header.size(); ++i) {
    bool known = std::ranges::find(file.columns, std::optional(i)) != file.columns.end() ||
                 table.ignored.contains(header[i]);
    if (!known && by_name) {
      known = std::ranges::any_of(table.sources, [&](const SourceColumn& source) {
        return in_header(table, source) && is_named(source, header[i]);
      });
    }
    if (!known) names.push_back(header[i]);
  }
  return names;
}

Result<FileTable> table_of(const Plan& plan, const std::string& path, const std::string& name) {
  std::optional<FileTable> best;
  std::size_t best_found = 0;
  const Table* nearest = nullptr;
  Fit nearest_fit;
  std::optional<Error> unreadable;
  for (std::size_t i = 0; i < plan.tables.size(); ++i) {
    const auto& table = plan.tables[i];
    auto reader = RecordReader::open(path, table.dialect);
    if (!reader) {
      unreadable = reader.error();
      continue;
    }
    auto found = fit(table, **reader);
    if (found.missing.empty() && (!best || found.found > best_found)) {
      best_found = found.found;
      best = FileTable{i, found.columns};
    }
    if (!nearest || found.missing.size() < nearest_fit.missing.size()) {
      nearest = &table;
      nearest_fit = std::move(found);
    }
  }
  if (best) return std::move(*best);
  if (!nearest) return *unreadable;
  return Error{ErrorCode::kInvalid, "import.no_table",
               name + ": its header fits no table of " + plan.name + "; nearest is " +
                   nearest->name + ", which also wants " + names_of(nearest_fit.missing),
               {},
               {},
               "correct the header, or the titles of the mapping's columns"};
}

}  // namespace rapport::import
