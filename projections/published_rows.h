// What of a view's rows others may build on: the contract of the topics crm.<view>.state.v1. A view's other tables are its own
// bookkeeping and stay so.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "projections/columns.h"

namespace rapport::projections {

struct PublishedRows {
  std::string stream_type;  // "opportunity"
  char table = 0;           // the first byte of their keys
  std::vector<ColumnInfo> columns;
  // The row's name, from its key: the stream it is about, "opportunity-D-1", and what else tells it apart, "account-A-1/EUR".
  // Empty: no key of the table.
  std::function<std::string(std::string_view key)> name;
  // Reads rows into `columns`; those that are not included are not there for others.
  std::function<std::unique_ptr<RowDecoder>()> make_decoder;
};

template <Row R>
std::string published_name(const std::string& stream_type, std::string_view key) {
  R row{};
  if (key.empty() || key[0] != R::kTable) return {};
  Reader in(key.substr(1));
  std::string name = stream_type;
  char mark = '-';
  R::Key::each(row, [&]<class T>(T& field) {
    get_key(in, field);
    name += std::exchange(mark, '/');
    if constexpr (std::same_as<T, Currency>) name += field.view();
    else name += field;
  });
  return in.ok && in.at == in.end ? name : std::string();
}

// Rows whose key is the id of a stream, or begins with it; texts and currencies else.
template <Row R>
PublishedRows published_rows(std::string stream_type, const std::vector<Column<R>>& columns,
                             bool (*includes)(const R&) = nullptr) {
  PublishedRows rows{.stream_type = stream_type, .table = R::kTable, .columns = {}, .name = {}, .make_decoder = {}};
  for (auto& column : columns) rows.columns.push_back(column.info);
  rows.name = [stream_type](std::string_view key) { return published_name<R>(stream_type, key); };
  rows.make_decoder = [of = RowReport<R>{.name = stream_type, .sentence = {}, .columns = columns, .includes = includes}] {
    return std::make_unique<RowDecoderOf<R>>(of);
  };
  return rows;
}

}  // namespace rapport::projections
