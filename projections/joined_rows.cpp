#include "projections/joined_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "projections/policy_use.h"

namespace rapport::projections {
namespace {

constexpr std::size_t kRowsAhead = 256;  // that are read of a share at once

struct KeyedRow {
  std::string key, body;
};

// The rows of one share, a run of them in memory.
class Run final {
 public:
  Run(const RowSnapshot& rows, std::string_view prefix, std::string_view after, Position p)
      : rows_(rows), prefix_(prefix), after_(after), position_(p) {}

  // The row at hand; null at the end.
  Result<const KeyedRow*> head() {
    if (next_ == run_.size() && !ended_)
      if (auto read = refill(); !read) return read.error();
    return next_ == run_.size() ? nullptr : &run_[next_];
  }
  void advance() { ++next_; }

 private:
  Result<void> refill() {
    run_.clear();
    next_ = 0;
    auto read = rows_.scan(prefix_, after_, position_, [&](std::string_view key, std::string_view body) {
      run_.push_back({std::string(key), std::string(body)});
      return run_.size() < kRowsAhead;
    });
    if (!read) return read;
    ended_ = run_.size() < kRowsAhead;
    if (!run_.empty()) after_ = run_.back().key;
    return {};
  }

  const RowSnapshot& rows_;
  const std::string prefix_;
  std::string after_;
  const Position position_;
  std::vector<KeyedRow> run_;
  std::size_t next_ = 0;
  bool ended_ = false;
};

// Of what two shares say under one key: each notes when it used a rule first, and the first of all is what the whole view has.
Result<void> join(std::string_view key, std::string& body, std::string_view other) {
  PolicyUse one, two;
  if (key.empty() || key.front() != PolicyUse::kTable)
    return Error{.code = ErrorCode::kConflict,
                 .reason = "state.overlap",
                 .message = "two shares have the same row",
                 .hint = "build the shares of this view again: `rapport worker` with empty state directories"};
  if (!read(key, body, one) || !read(key, other, two)) return damaged_row(key);
  if (two.since < one.since) body = other;
  return {};
}

Checkpoint furthest_behind(const std::vector<std::unique_ptr<RowSnapshot>>& shares) {
  RAPPORT_ASSERT(!shares.empty());
  auto least = shares.front()->checkpoint();
  for (const auto& share : shares)
    if (auto its = share->checkpoint(); its.position < least.position) least = its;
  return least;
}

Error of_one_share() {
  return {.code = ErrorCode::kInvalid, .reason = "state.shares", .message = "shares are verified one by one"};
}

}  // namespace

JoinedSnapshot::JoinedSnapshot(std::vector<std::unique_ptr<RowSnapshot>> shares)
    : shares_(std::move(shares)), checkpoint_(furthest_behind(shares_)) {
  if (shares_.size() == 1) return;
  checkpoint_.past_versions = 0;  // the chain over past versions is that of the whole view alone
  checkpoint_.history = {};
}

Result<bool> JoinedSnapshot::get(std::string_view key, Position p, std::string& body) const {
  bool found = false;
  std::string its;
  for (const auto& share : shares_) {
    auto got = share->get(key, std::min(p, checkpoint_.position), its);
    if (!got) return got;
    if (!*got) continue;
    if (!found)
      body = its;
    else if (auto joined = join(key, body, its); !joined)
      return joined.error();
    found = true;
  }
  return found;
}

Result<void> JoinedSnapshot::scan(std::string_view prefix, std::string_view after, Position p, const Visit& visit) const {
  std::vector<Run> runs;
  for (const auto& share : shares_) runs.emplace_back(*share, prefix, after, std::min(p, checkpoint_.position));
  for (;;) {
    std::vector<std::pair<Run*, const KeyedRow*>> least;
    for (auto& run : runs) {
      auto head = run.head();
      if (!head) return head.error();
      if (!*head) continue;
      if (!least.empty() && (*head)->key < least.front().second->key) least.clear();
      if (least.empty() || (*head)->key == least.front().second->key) least.emplace_back(&run, *head);
    }
    if (least.empty()) return {};
    auto row = *least.front().second;
    for (std::size_t i = 1; i < least.size(); ++i)
      if (auto joined = join(row.key, row.body, least[i].second->body); !joined) return joined;
    for (auto& [run, head] : least) run->advance();
    if (!visit(row.key, row.body)) return {};
  }
}

Result<void> JoinedSnapshot::scan_stored(Family, std::string_view, const Visit&) const { return of_one_share(); }
Result<void> JoinedSnapshot::get_stored(std::string_view, std::string&) const { return of_one_share(); }

}  // namespace rapport::projections
