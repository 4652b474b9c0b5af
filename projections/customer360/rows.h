// The customer 360's rows: accounts with what they are worth, what belongs to whom, and everything
// that happened.
#pragma once
#include "domain/schema/account.capnp.h"
#include "domain/schema/order.capnp.h"
#include "projections/policy_use.h"

namespace rapport::projections::customer360 {

using AccountKind = account::wire::Kind;
using Lifecycle = account::wire::Lifecycle;
using OrderKind = order::wire::Kind;

struct Account {
  std::string id, sector, owner, region;
  Sealed name;
  AccountKind kind = AccountKind::UNSPECIFIED;  // unspecified: others name it, it was never created
  Lifecycle lifecycle = Lifecycle::UNSPECIFIED;
  std::optional<Timestamp> created_at;
  std::int64_t open = 0, won = 0, lost = 0;  // opportunities
  std::int64_t open_cases = 0, cases = 0, orders = 0;
  Wide points = 0;  // of its loyalty members
  std::uint64_t version = 0;

  static constexpr char kTable = 'a';
  using Key = Fields<&Account::id>;
  using Value = Fields<&Account::sector, &Account::owner, &Account::region,
                       &Account::name, &Account::kind, &Account::lifecycle, &Account::created_at,
                       &Account::open, &Account::won, &Account::lost, &Account::open_cases,
                       &Account::cases, &Account::orders, &Account::points, &Account::version>;
};

// That an account belongs to another one, and on which days; whether it does is for the day of the
// question to say. Nothing: without a beginning, or an end.
struct Parent {
  std::string account, parent;
  std::optional<Date> first, last;
  std::uint64_t since = 0;  // position; of several that hold, the one told last counts

  static constexpr char kTable = 'p';
  using Key = Fields<&Parent::account, &Parent::parent>;
  using Value = Fields<&Parent::first, &Parent::last, &Parent::since>;
};

// An account's amounts in one currency. Each addend fits 64 bits, their sum need not.
struct Amounts {
  std::string account;
  Currency currency;
  Wide open_minor = 0, won_minor = 0;
  Wide spent_minor = 0;  // fulfilled orders less what came back

  static constexpr char kTable = 'm';
  using Key = Fields<&Amounts::account, &Amounts::currency>;
  using Value = Fields<&Amounts::open_minor, &Amounts::won_minor, &Amounts::spent_minor>;
};

enum class Standing : std::uint8_t { kUnknown, kOpen, kWon, kLost, kClosed, kCancelled };

// Another aggregate's stream as far as an account is concerned: its later events do not say whose
// it is.
struct Related {
  std::string stream, account;
  Standing standing = Standing::kUnknown;  // of an opportunity, case or order
  std::optional<Currency> currency;
  Wide minor = 0;   // of an opportunity: its worth; of an order: what was spent on it
  Wide points = 0;  // of a loyalty member

  static constexpr char kTable = 'r';
  using Key = Fields<&Related::stream>;
  using Value = Fields<&Related::account, &Related::standing, &Related::currency, &Related::minor,
                       &Related::points>;
};

// The way back: an account's streams.
struct AccountStream {
  std::string account, stream;
  std::uint64_t since = 0;  // position

  static constexpr char kTable = 's';
  using Key = Fields<&AccountStream::account, &AccountStream::stream>;
  using Value = Fields<&AccountStream::since>;
};

// Something that happened; written once. Kept by stream, so that a case that turns out to be
// another customer's takes its past along.
struct Entry {
  std::string stream;
  std::uint64_t position = 0;
  std::optional<Timestamp> at;
  Timestamp recorded_at{0};
  std::string type, actor, reason;
  std::string text;  // in short
  Sealed words;      // what a person wrote, or a name

  static constexpr char kTable = 'e';
  using Key = Fields<&Entry::stream, &Entry::position>;
  using Value = Fields<&Entry::at, &Entry::recorded_at, &Entry::type, &Entry::actor, &Entry::reason,
                       &Entry::text, &Entry::words>;
};

struct Rows {
  explicit Rows(Batch& batch)
      : accounts(batch),
        parents(batch),
        amounts(batch),
        related(batch),
        streams(batch),
        entries(batch),
        policies(batch) {}
  Table<Account> accounts;
  Table<Parent> parents;
  Table<Amounts> amounts;
  Table<Related> related;
  Table<AccountStream> streams;
  Table<Entry> entries;
  Table<PolicyUse> policies;
  void each_table(auto&& f) {
    f(accounts), f(parents), f(amounts), f(related), f(streams), f(entries), f(policies);
  }
};

}  // namespace rapport::projections::customer360
