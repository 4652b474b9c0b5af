// The pipeline's rows: an opportunity, its stage visits and movements, and who and what it is told apart by.
#pragma once
#include "projections/policy_use.h"

namespace rapport::projections::pipeline {

enum class Status : std::uint8_t { kUnknown, kOpen, kWon, kLost };
constexpr std::string_view name_of(Status status) {
  constexpr std::string_view kNames[]{"", "open", "won", "lost"};
  auto i = static_cast<std::size_t>(status);
  return i < 4 ? kNames[i] : "";
}

struct Opportunity {
  std::string id, account, owner, team, product, name;
  Status status = Status::kUnknown;
  std::string stage;
  std::uint32_t visits = 0;             // stage visits that ended; the running one is the next
  bool visiting = false;                // a visit is running
  std::optional<Timestamp> entered_at;  // of the running visit
  std::uint16_t probability_bp = 0;                // as copied when the stage was entered
  ForecastCategory forecast_category{};            // likewise
  std::optional<std::uint16_t> own_probability_bp;  // overrides the stage's
  std::optional<ForecastCategory> own_category;     // likewise
  std::optional<Money> amount;
  std::optional<Date> close_date;  // expected
  std::optional<Timestamp> opened_at, closed_at;
  std::string reason;      // of a lost one
  std::string competitor;  // the last one noted; of a lost one the one that won
  std::uint32_t movements = 0;     // rows of Movement; the last one's number
  std::uint64_t version = 0;
  bool revoked = false;            // as if it had never been; what numbers its rows stays, for it may come again

  static constexpr char kTable = 'o';
  using Key = Fields<&Opportunity::id>;
  using Value = Fields<&Opportunity::account, &Opportunity::owner, &Opportunity::team, &Opportunity::product,
                       &Opportunity::name, &Opportunity::status, &Opportunity::stage, &Opportunity::visits,
                       &Opportunity::visiting, &Opportunity::entered_at, &Opportunity::probability_bp,
                       &Opportunity::forecast_category, &Opportunity::own_probability_bp, &Opportunity::own_category,
                       &Opportunity::amount, &Opportunity::close_date, &Opportunity::opened_at, &Opportunity::closed_at,
                       &Opportunity::reason, &Opportunity::competitor, &Opportunity::movements,
                       &Opportunity::version, &Opportunity::revoked>;
};

// A stage visit that ended. Visits grow without bound, so each is a row of its own, written once; the running one is in its
// opportunity's row.
struct StageVisit {
  std::string opportunity;
  std::uint32_t number = 0;
  std::string stage;
  std::optional<Timestamp> entered_at, left_at;
  std::optional<Money> amount;  // when it was left

  static constexpr char kTable = 'v';
  using Key = Fields<&StageVisit::opportunity, &StageVisit::number>;
  using Value = Fields<&StageVisit::stage, &StageVisit::entered_at, &StageVisit::left_at, &StageVisit::amount>;
};

// What changed the worth of the pipeline, so that the waterfall of any window is computed from rows. Only what is set changed.
struct Movement {
  std::string opportunity = {};
  std::uint32_t number = 0;
  Timestamp at{0};  // of an unknown time: when it was recorded
  Status status = Status::kUnknown;
  std::optional<Money> amount;  // of a loss: the last open amount, in case nothing told of one before
  std::optional<Date> close_date;

  static constexpr char kTable = 'm';
  using Key = Fields<&Movement::opportunity, &Movement::number>;
  using Value = Fields<&Movement::at, &Movement::status, &Movement::amount, &Movement::close_date>;
};

struct Owner {
  std::string id, team, manager;

  static constexpr char kTable = 'p';
  using Key = Fields<&Owner::id>;
  using Value = Fields<&Owner::team, &Owner::manager>;
};

struct Account {
  std::string id, sector;

  static constexpr char kTable = 'a';
  using Key = Fields<&Account::id>;
  using Value = Fields<&Account::sector>;
};

struct Rows {
  explicit Rows(Batch& batch)
      : opportunities(batch), visits(batch), movements(batch), owners(batch), accounts(batch), policies(batch) {}
  Table<Opportunity> opportunities;
  Table<StageVisit> visits;
  Table<Movement> movements;
  Table<Owner> owners;
  Table<Account> accounts;
  Table<PolicyUse> policies;
  void each_table(auto&& f) { f(opportunities), f(visits), f(movements), f(owners), f(accounts), f(policies); }
};

}  // namespace rapport::projections::pipeline
