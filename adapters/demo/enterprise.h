// Who works here and what is sold: drawn once, then only looked up.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/demo/demo.h"
#include "adapters/demo/names.h"

namespace rapport::demo {

// How a seller sells.
struct Habits {
  int win_percent;
  int days_a_stage;
  int discounts_percent;      // of the deals
  std::uint16_t discount_bp;  // at most
  int slips_percent;          // a close date is put off
  int quarter_end_percent;    // closes are held up for the quarter's last days
};

struct Seller {
  std::string id, name;
  std::size_t team;
  Market market;
  Habits habits;
  std::optional<Date> leaves;  // then `successor` takes over
  std::size_t successor;
};
struct Team {
  std::string id, name, manager, manager_name, office;
  Market market;
};
struct Agent {
  std::string id, name;
  Market market;
};

struct Product {
  std::string_view id, series;
  std::int64_t list_minor;  // in the first year, EUR
};

// Customers come in groups: the first is an organisation, and parent of some of the others.
inline constexpr std::uint32_t kGroup = 20;
struct Customer {
  std::uint32_t number;  // from 1
  std::string id;        // of the account, and of the member
  Market market;
  bool organisation, member;
  std::size_t seller;  // when it was won as an account
  Timestamp since;
};

// Immutable once made.
class Enterprise final {
 public:
  explicit Enterprise(const DemoOptions& options);

  // What makes this run's ids its own: other options give another enterprise in the same store.
  std::uint64_t seed() const { return seed_; }
  const std::string& tag() const { return tag_; }
  std::uint32_t customers() const { return customers_; }
  Date begin() const { return begin_; }
  Date end() const { return date_of(kDemoEnd); }

  const std::vector<Team>& teams() const { return teams_; }
  const std::vector<Seller>& sellers() const { return sellers_; }
  const std::vector<Agent>& agents() const { return agents_; }
  // The portal's own principal: orders and questions that no employee typed in.
  const std::string& portal() const { return portal_; }

  Customer customer(std::uint32_t number) const;
  // Who looks after a customer of this seller at that time.
  const Seller& seller_at(std::size_t seller, Timestamp t) const;
  const Agent& agent(Random& random, Market market) const;

  static std::span<const Product> machines();  // what organisations buy
  static std::span<const Product> goods();     // what persons buy
  // A year's price in the market's currency.
  std::int64_t price_minor(const Product& product, Date day, Market market) const;
  static Currency currency(Market market) {
    return market == Market::kChina ? Currency("CNY") : Currency("EUR");
  }

 private:
  std::string handle(const std::string& wanted);
  void hire_sellers(Random& random);
  void hire_agents(Random& random);

  const std::uint64_t seed_;
  const std::uint32_t customers_;
  const Date begin_;
  std::string tag_, portal_;
  std::set<std::string> handles_;
  std::vector<Team> teams_;
  std::vector<Seller> sellers_;
  std::vector<Agent> agents_;
};

// Points: what a program gives for an amount, and for how long.
struct Program {
  std::string_view id;
  std::int64_t per_minor;
  Currency currency;
};
inline constexpr std::uint16_t kPointsExpireDays = 365;
const Program& program(Market market);

}  // namespace rapport::demo
