// A view's answer in the **report** shape of contract.md.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/values.h"
#include "eventstore/event.h"
#include "projections/policy_use.h"
#include "projections/report.h"

namespace rapport {

// What a report was asked for, and for which state of the log.
struct ReportHead {
  std::string_view view, report;
  Position position;
  std::optional<Hash> root = {};  // null without a log at hand
  std::optional<Timestamp> as_of = {};
  std::optional<Timestamp> known_at = {};
  std::span<const projections::PolicyUse> policies = {};  // the rules behind it
  std::span<const std::string> incomplete = {};           // what the rows lack, a sentence each
};

// {"view":…,"report":…,"position":n,"root":"hex","asOf":…,"knownAt":…,
// "policies":[{"id":…,"version":n},…],"columns":[names],"rows":[…]},
// and "incomplete":[…] if the rows lack events, "next" if there is a page after it.
void append_report(const ReportHead& head, const projections::Lines& lines, std::string& out);
// One row as an object, its members in the columns' order. Texts that an erasure made unreadable are
// null, and a last member `erased` names them ("/name").
void append_row(const std::vector<projections::ColumnInfo>& columns,
                const std::vector<projections::Value>& row, std::string& out);

}  // namespace rapport
