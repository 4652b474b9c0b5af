#include "adapters/import/engine/table_import.h"

#include <algorithm>

namespace rapport::import {

namespace {

constexpr std::size_t kOccurrenceBytesMax = 64u << 20;
constexpr std::size_t kSortBytesMax = 64u << 20;

void append_number(std::uint64_t number, std::string& key) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}

std::string bytes_of(const Id16& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

}  // namespace

TableImport::TableImport(std::size_t index, RunState& run, RunLookups& lookups,
                         const PersonalHash& hash)
    : index_(index),
      table_(run.plan.tables[index]),
      run_(run),
      lookups_(lookups),
      reader_(table_, lookups, hash),
      decider_(table_, run, reader_),
      occurrences_(run.make_scratch, kOccurrenceBytesMax) {
  if (sorted()) sort_ = std::make_unique<ExternalSort>(kSortBytesMax);
  conceals_ = std::ranges::any_of(table_.columns, [](const Column& column) {
    return column.personal && !column.hashed_on_reading;
  });
  run_.memory.open_table(table_.name);
}

Result<void> TableImport::add(std::uint32_t file, const Record& record) {
  ++run_.counts.rows;
  ++number_;
  RowOrigin origin{.file = file, .line = record.line, .raw = std::string(record.raw)};
  if (!record.fault_code.empty())
    return reject(origin, {record.fault_column, std::string(record.fault_code), record.fault, {}});
  reader_.take(record, texts_);
  return sorted() ? sort_in(origin, texts_) : import_row(origin, texts_);
}

Result<void> TableImport::finish() {
  if (table_.mode == Table::Mode::kGroups) return finish_groups();
  if (!sorted()) return {};
  Member member;
  return sort_->each([&](std::string_view, std::string_view payload) {
    BytesIn in(payload);
    decode(in, member);
    return import_row(member.origin, member.texts);
  });
}

void TableImport::encode(const Member& member, std::string& out) {
  BytesOut(out)
      .u64(member.number)
      .u32(member.origin.file)
      .u64(member.origin.line)
      .text(member.origin.raw)
      .texts(member.texts);
}

void TableImport::decode(BytesIn& in, Member& member) {
  member.number = in.u64();
  member.origin.file = in.u32();
  member.origin.line = in.u64();
  member.origin.raw.assign(in.text());
  in.texts(member.texts);
  RAPPORT_ASSERT(in.ok());
}

Result<void> TableImport::sort_in(const RowOrigin& origin, const SourceTexts& texts) {
  auto wrong = reader_.read(texts, row_, true);
  if (!wrong) return wrong.error();
  if (*wrong) return reject(origin, **wrong);
  std::string key, payload;
  if (table_.mode == Table::Mode::kGroups) {
    key = key_of(table_.key, row_);
    key += '\0';
  }
  for (auto column : table_.order_by) append_sortable(row_.values[column], key);
  append_number(number_, key);
  encode({origin, texts, number_}, payload);
  return sort_->add(key, payload);
}

Result<void> TableImport::import_row(const RowOrigin& origin, SourceTexts& texts) {
  content_.clear();
  if (auto wrong = reader_.content(texts, content_)) return reject(origin, *wrong);
  if (table_.keeps_snapshots()) return import_change(origin, texts);
  auto wrong = reader_.read(texts, row_);
  if (!wrong) return wrong.error();
  if (!*wrong) return import_event(origin);
  // A rejected row counts among its like, so that a corrected map does not shift the ids of the
  // others.
  if (auto keys = reader_.read(texts, row_, true); !keys)
    return keys.error();
  else if (!*keys)
    if (auto counted = count_occurrence(
            run_.ids.record(table_.name, key_of(table_.key, row_), content_, 1, 0));
        !counted)
      return counted.error();
  return reject(origin, **wrong);
}

Result<std::uint64_t> TableImport::count_occurrence(const Id16& id) {
  auto key = bytes_of(id);
  auto known = occurrences_.find(key);
  if (!known) return known.error();
  std::uint64_t count = 1;
  if (*known) count += BytesIn(**known).u64();
  std::string value;
  BytesOut(value).u64(count);
  if (auto put = occurrences_.put(key, std::move(value)); !put) return put.error();
  return count;
}

void TableImport::count_known(std::uint32_t import, std::uint64_t rows) {
  run_.counts.already += rows;
  if (import == run_.number) run_.counts.again += rows;
}

Result<bool> TableImport::known_already(std::uint64_t n, std::uint32_t epoch) {
  // A revert forgets what it took back and raises the epoch for what comes: what it left is still
  // known under an earlier one.
  for (std::uint32_t e = 0; e <= epoch; ++e) {
    auto known = run_.memory.record(run_.ids.record(table_.name, key_, content_, n, e));
    if (!known) return known.error();
    if (!*known) continue;
    count_known((*known)->import, 1);
    return true;
  }
  return false;
}

Result<void> TableImport::look_up_later(const Row& row, const std::string& key) {
  return table_.looked_up ? lookups_.put(index_, key, row) : Result<void>();
}

Result<void> TableImport::import_event(const RowOrigin& origin) {
  key_ = key_of(table_.key, row_);
  auto key_id = run_.ids.key(table_.name, key_);
  auto epoch = run_.memory.epoch(key_id);
  if (!epoch) return epoch.error();
  auto id = run_.ids.record(table_.name, key_, content_, 1, 0);
  auto count = count_occurrence(id);
  if (!count) return count.error();
  if (*count > 1 || *epoch > 0)
    id = run_.ids.record(table_.name, key_, content_, *count, *epoch);
  if (auto later = look_up_later(row_, key_); !later) return later;
  auto known = known_already(*count, *epoch);
  if (!known) return known.error();
  if (*known) return {};
  auto outcome = decider_.decide(
      {.id = id, .rows = {&row_, 1}, .current = &row_, .file = origin.file, .line = origin.line});
  if (!outcome) return outcome.error();
  if (outcome->became == RecordOutcome::Became::kRejected) return reject(origin, outcome->fault);
  run_.memory.put_record(id, {key_id, run_.number});
  if (outcome->became == RecordOutcome::Became::kAlready)
    count_known(run_.number, 1);
  else
    ++run_.counts.accepted;
  return flush_if_due(run_);
}

void TableImport::fill_pivoted(SourceTexts& texts, const Snapshot* snapshot) const {
  const auto& name = texts[*table_.columns[table_.pivot->name].source];
  const auto& value = texts[*table_.columns[table_.pivot->value].source];
  for (std::size_t i = 0; i < table_.sources.size(); ++i) {
    const auto& source = table_.sources[i];
    if (!table_.columns[source.column].pivoted) continue;
    if (name && std::ranges::find(source.titles, *name) != source.titles.end())
      texts[i] = value;
    else if (snapshot && i < snapshot->texts.size())
      texts[i] = snapshot->texts[i];
    else
      texts[i].reset();
  }
}

Result<std::optional<RowFault>> TableImport::read_change(SourceTexts& texts,
                                                         const Snapshot* snapshot) {
  if (table_.pivot) fill_pivoted(texts, snapshot);
  auto wrong = reader_.read(texts, row_);
  if (!wrong || *wrong) return wrong;
  concealed_ = texts;
  reader_.conceal(concealed_);
  if (conceals_)
    if (auto read = reader_.read_stored(concealed_, compared_); !read) return read.error();
  if (snapshot)
    if (auto read = reader_.read_stored(snapshot->texts, before_); !read) return read.error();
  return std::optional<RowFault>();
}

// Finds out which record the row is. False: it has been dealt with, rejected or known.
Result<bool> TableImport::identify(const RowOrigin& origin, const SourceTexts& texts,
                                   Change& change) {
  auto stop = [](Result<void> dealt_with) -> Result<bool> {
    return dealt_with ? Result<bool>(false) : Result<bool>(dealt_with.error());
  };
  auto keys = reader_.read(texts, row_, true);
  if (!keys) return keys.error();
  if (*keys) return stop(reject(origin, **keys));
  key_ = key_of(table_.key, row_);
  change.key = run_.ids.key(table_.name, key_);
  auto epoch = run_.memory.epoch(change.key);
  if (!epoch) return epoch.error();
  auto snapshot = run_.memory.snapshot(change.key);
  if (!snapshot) return snapshot.error();
  change.snapshot = std::move(*snapshot);
  // In a history the n-th of the same content, in a state the n-th change, and a key only once.
  const bool history = table_.mode == Table::Mode::kHistory;
  const std::uint64_t lowest = history ? 1 : 0;
  change.content = run_.ids.record(table_.name, key_, content_, lowest, 0);
  auto count = count_occurrence(history ? change.content : change.key);
  if (!count) return count.error();
  if (!history && *count > 1) {
    auto message = "the key " + key_ + " has had a row in this import";
    return stop(reject(origin, {"", "row.key_repeated", std::move(message), table_.place}));
  }
  const auto& last = change.snapshot;
  change.n = history ? *count : last ? last->changes + (last->content != change.content) : 0;
  bool plain = change.n == lowest && *epoch == 0;
  change.id =
      plain ? change.content : run_.ids.record(table_.name, key_, content_, change.n, *epoch);
  if (!history) return true;
  auto known = known_already(change.n, *epoch);
  if (!known) return known.error();
  return !*known;
}

Result<void> TableImport::import_change(const RowOrigin& origin, SourceTexts& texts) {
  Change change;
  auto open = identify(origin, texts, change);
  if (!open) return open.error();
  if (!*open) return {};
  const Snapshot* last = change.snapshot ? &*change.snapshot : nullptr;
  auto wrong = read_change(texts, last);
  if (!wrong) return wrong.error();
  if (*wrong) return reject(origin, **wrong);
  if (auto later = look_up_later(row_, key_); !later) return later;
  const bool history = table_.mode == Table::Mode::kHistory;
  if (!history && last && last->content == change.content) {
    count_known(last->import, 1);
    return {};
  }
  auto at = decider_.time_of(row_);
  bool of_earlier = last && last->import != run_.number && run_.completed.contains(last->import);
  if (history && of_earlier && at && last->at && *at < *last->at) {
    auto message = "an earlier import has brought a later row of this key";
    return reject(origin, {"", "row.older_than_snapshot", message, table_.place});
  }
  auto outcome = decider_.decide({.id = change.id,
                                  .rows = {&row_, 1},
                                  .current = conceals_ ? &compared_ : &row_,
                                  .before = last ? &before_ : nullptr,
                                  .snapshot = last,
                                  .file = origin.file,
                                  .line = origin.line});
  if (!outcome) return outcome.error();
  if (outcome->became == RecordOutcome::Became::kRejected) return reject(origin, outcome->fault);
  remember(change, at, std::move(outcome->streams));
  if (outcome->became == RecordOutcome::Became::kAlready)
    count_known(run_.number, 1);
  else
    ++run_.counts.accepted;
  return flush_if_due(run_);
}

void TableImport::remember(const Change& change, std::optional<std::int64_t> at,
                           std::vector<std::pair<std::uint64_t, std::uint64_t>> streams) {
  const Snapshot* last = change.snapshot ? &*change.snapshot : nullptr;
  Snapshot now{.texts = concealed_,
               .content = change.content,
               .import = run_.number,
               .changes = table_.mode == Table::Mode::kHistory ? 0 : change.n,
               .position = run_.sink.position().value,
               .at = at,
               .streams = std::move(streams)};
  auto touched = [&](std::uint64_t stream) {
    return std::ranges::any_of(now.streams, [&](const auto& one) { return one.first == stream; });
  };
  if (last)
    for (const auto& stream : last->streams)
      if (!touched(stream.first)) now.streams.push_back(stream);
  run_.memory.put_snapshot(change.key, now, last);
  run_.memory.put_record(change.id, {change.key, run_.number});
}

}  // namespace rapport::import
