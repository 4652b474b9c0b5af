// Mode groups of TableImport: rows with one key, anywhere in the files, are one record.
#include <algorithm>

#include "adapters/import/engine/table_import.h"

namespace rapport::import {

namespace {

constexpr std::size_t kGroupRowsMax = 10'000;
constexpr std::size_t kSortBytesMax = 64u << 20;

}  // namespace

// The rows come sorted by key; the groups then go in the order of their first rows.
Result<void> TableImport::finish_groups() {
  ExternalSort groups(kSortBytesMax);
  std::string key, order, payload;
  bool open = false;
  auto close = [&]() -> Result<void> {
    auto added = open ? groups.add(order, payload) : Result<void>();
    payload.clear();
    open = false;
    return added;
  };
  auto taken =
      sort_->each([&](std::string_view sorted_key, std::string_view member) -> Result<void> {
        auto end = sorted_key.find('\0');
        if (!open || sorted_key.substr(0, end) != key) {
          if (auto closed = close(); !closed) return closed;
          key.assign(sorted_key.substr(0, end));
          order.assign(sorted_key.substr(end + 1));
          open = true;
        }
        BytesOut(payload).text(member);
        return {};
      });
  if (!taken) return taken;
  if (auto closed = close(); !closed) return closed;
  sort_.reset();
  std::vector<Member> members;
  return groups.each([&](std::string_view, std::string_view bytes) {
    std::size_t count = 0;
    for (BytesIn in(bytes); !in.at_end(); ++count) {
      if (count == members.size()) members.emplace_back();
      BytesIn member(in.text());
      decode(member, members[count]);
    }
    members.resize(count);
    return import_group(members);
  });
}

Result<void> TableImport::reject_group(const std::vector<Member>& members, std::size_t guilty,
                                       const RowFault& fault) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    RowFault shown = fault;
    if (i != guilty) {
      shown = {"", "group_rejected",
               "line " + std::to_string(members[guilty].origin.line) + " of its group is bad",
               table_.place};
    }
    if (auto rejected = reject(members[i].origin, shown); !rejected) return rejected;
  }
  return {};
}

Result<std::optional<RowFault>> TableImport::read_group(const std::vector<Member>& members,
                                                        std::string& content, std::size_t& guilty) {
  content = "[";
  group_.resize(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    guilty = i;
    if (i) content += ',';
    if (auto wrong = reader_.content(members[i].texts, content)) return wrong;
    auto wrong = reader_.read(members[i].texts, group_[i]);
    if (!wrong || *wrong) return wrong;
  }
  content += ']';
  guilty = 0;
  return std::optional<RowFault>();
}

Result<void> TableImport::import_group(const std::vector<Member>& members) {
  if (members.size() > kGroupRowsMax) {
    return reject_group(
        members, 0,
        {"", "group_too_large",
         "a group of " + std::to_string(members.size()) + " rows; at most 10000 are one record",
         table_.place});
  }
  std::size_t guilty = 0;
  auto wrong = read_group(members, content_, guilty);
  if (!wrong) return wrong.error();
  if (*wrong) return reject_group(members, guilty, **wrong);
  key_ = key_of(table_.key, group_[0]);
  auto key_id = run_.ids.key(table_.name, key_);
  auto epoch = run_.memory.epoch(key_id);
  if (!epoch) return epoch.error();
  auto id = run_.ids.record(table_.name, key_, content_, 1, *epoch);
  auto known = run_.memory.group(key_id);
  if (!known) return known.error();
  if (*known && (*known)->record == id) {
    count_known((*known)->import, members.size());
    return {};
  }
  if (*known) {
    RowFault changed_since{"", "group_changed", "its group was imported before with other rows",
                           table_.place};
    for (const auto& member : members)
      if (auto rejected = reject(member.origin, changed_since); !rejected) return rejected;
    return {};
  }
  if (auto later = look_up_later(group_[0], key_); !later) return later;
  auto outcome = decider_.decide({.id = id,
                                  .rows = group_,
                                  .current = &group_[0],
                                  .file = members[0].origin.file,
                                  .line = members[0].origin.line});
  if (!outcome) return outcome.error();
  if (outcome->became == RecordOutcome::Became::kRejected)
    return reject_group(members, outcome->guilty, outcome->fault);
  run_.memory.put_group(key_id, {id, run_.number});
  run_.memory.put_record(id, {key_id, run_.number});
  if (outcome->became == RecordOutcome::Became::kAlready)
    count_known(run_.number, members.size());
  else
    run_.counts.accepted += members.size();
  return flush_if_due(run_);
}

}  // namespace rapport::import
