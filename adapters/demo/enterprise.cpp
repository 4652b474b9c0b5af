#include "adapters/demo/enterprise.h"

#include <algorithm>

namespace rapport::demo {
namespace {

constexpr std::uint32_t kCustomersPerSeller = 25, kCustomersPerAgent = 40, kSellersPerTeam = 4;
constexpr std::uint32_t kSellersMin = 8, kAgentsMin = 4, kStaffMax = 600;

constexpr Product kMachines[] = {{"AX-100", "AX", 1'200'000}, {"AX-200", "AX", 2'450'000},
                                 {"BX-10", "BX", 480'000},    {"BX-20", "BX", 790'000},
                                 {"CX-1", "CX", 6'900'000},   {"SERVICE-Y", "SERVICE", 190'000}};
constexpr Product kGoods[] = {{"FILTER-3", "PARTS", 1'290}, {"FILTER-9", "PARTS", 2'490},
                              {"KETTLE", "HOME", 4'995},    {"LAMP", "HOME", 7'900},
                              {"PURIFIER", "HOME", 22'900}, {"SCALE", "HOME", 3'450},
                              {"CABLE", "PARTS", 899},      {"SENSOR", "PARTS", 5'250}};
constexpr Program kPrograms[] = {{"points", 100, "EUR"}, {"points-cn", 1'000, "CNY"}};

// Four letters and digits that are hard to confuse.
std::string tag_of(std::uint64_t seed) {
  constexpr std::string_view kLetters = "abcdefghjkmnpqrstvwxyz23456789";
  std::string tag;
  for (int i = 0; i < 4; ++i, seed /= kLetters.size()) tag += kLetters[seed % kLetters.size()];
  return tag;
}

Habits habits(Random& random) {
  return {.win_percent = random.between(30, 60),
          .days_a_stage = random.between(5, 14),
          .discounts_percent = random.between(10, 50),
          .discount_bp = static_cast<std::uint16_t>(random.between(2, 8) * 250),
          .slips_percent = random.between(10, 40),
          .quarter_end_percent = random.between(0, 60)};
}

// Every third team sells in China.
Market market_of_team(std::size_t team) { return team % 3 == 1 ? Market::kChina : Market::kEurope; }

}  // namespace

const Program& program(Market market) { return kPrograms[static_cast<std::size_t>(market)]; }
std::span<const Product> Enterprise::machines() { return kMachines; }
std::span<const Product> Enterprise::goods() { return kGoods; }

Enterprise::Enterprise(const DemoOptions& options)
    : seed_(mix_all(options.seed, options.customers, options.years)),
      customers_(options.customers),
      begin_{date_of(kDemoEnd).days - static_cast<int>(options.years) * 365},
      tag_(tag_of(seed_)),
      portal_("portal." + tag_) {
  Random random(seed_);
  hire_sellers(random);
  hire_agents(random);
}

// Names repeat, principals' ids do not.
std::string Enterprise::handle(const std::string& wanted) {
  for (int n = 1;; ++n) {
    auto id = wanted + (n == 1 ? "" : std::to_string(n)) + "." + tag_;
    if (handles_.insert(id).second) return id;
  }
}

void Enterprise::hire_sellers(Random& random) {
  auto count = std::clamp(customers_ / kCustomersPerSeller, kSellersMin, kStaffMax);
  for (std::size_t i = 0; i < count; ++i) {
    auto team = i / kSellersPerTeam;
    auto market = market_of_team(team);
    if (team == teams_.size()) {
      auto manager = person_name(random, market);
      bool china = market == Market::kChina;
      teams_.push_back({.id = "team-" + std::to_string(team + 1) + "." + tag_,
                        .name = (china ? "销售" : "Sales ") + std::to_string(team + 1) + (china ? "组" : ""),
                        .manager = handle(manager.handle),
                        .manager_name = manager.text,
                        .office = china ? "上海" : "München",
                        .market = market});
    }
    auto name = person_name(random, market);
    auto days = static_cast<int>(end().days - begin_.days);
    // The second of every other team leaves half way, and the first takes over.
    bool leaves = i % (2 * kSellersPerTeam) == 1;
    sellers_.push_back(
        {.id = handle(name.handle),
         .name = name.text,
         .team = team,
         .market = market,
         .habits = habits(random),
         .leaves = leaves ? std::optional(Date{begin_.days + random.between(days / 2, days * 2 / 3)})
                          : std::nullopt,
         .successor = leaves ? i - 1 : i});
  }
}

void Enterprise::hire_agents(Random& random) {
  auto count = std::clamp(customers_ / kCustomersPerAgent, kAgentsMin, kStaffMax);
  for (std::size_t i = 0; i < count; ++i) {
    auto market = i % 2 == 0 ? Market::kEurope : Market::kChina;
    auto name = person_name(random, market);
    agents_.push_back({.id = handle(name.handle), .name = name.text, .market = market});
  }
}

Customer Enterprise::customer(std::uint32_t number) const {
  Random random(mix_all(seed_, number));
  Customer customer{.number = number,
                    .id = {},
                    .market = random.chance(32) ? Market::kChina : Market::kEurope,
                    .organisation = number % kGroup == 1 || random.chance(38),
                    .member = false,
                    .seller = 0,
                    .since = {0}};
  auto digits = std::to_string(number);
  customer.id = tag_ + "-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
  customer.member = !customer.organisation && random.chance(75);
  do customer.seller = random.below(static_cast<std::uint32_t>(sellers_.size()));
  while (sellers_[customer.seller].market != customer.market);
  // Half of them were there when the books were opened, and all that others belong to.
  auto days = end().days - begin_.days;
  bool old = number % kGroup == 1 || random.chance(50);
  Date day{begin_.days + 1 + random.between(0, old ? 20 : days * 9 / 10)};
  customer.since = customer.organisation ? office_time(random, day, customer.market)
                                         : leisure_time(random, day, customer.market);
  return customer;
}

const Seller& Enterprise::seller_at(std::size_t seller, Timestamp t) const {
  auto& first = sellers_[seller];
  return first.leaves && date_of(t) >= *first.leaves ? sellers_[first.successor] : first;
}

const Agent& Enterprise::agent(Random& random, Market market) const {
  for (;;)
    if (auto& agent = random.pick(agents_); agent.market == market) return agent;
}

std::int64_t Enterprise::price_minor(const Product& product, Date day, Market market) const {
  auto price = product.list_minor * (market == Market::kChina ? 8 : 1);
  for (auto year = year_of(begin_); year < year_of(day); ++year) price += price * 3 / 100;
  return price;
}

}  // namespace rapport::demo
