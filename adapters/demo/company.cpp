// The enterprise itself: its rules, its people, who leaves, and a new price list every year.
#include "adapters/demo/stories.h"
#include "domain/policy_set.h"
#include "domain/principal.h"

namespace rapport::demo {
namespace {

constexpr std::string_view kFounder = "founder";
constexpr std::uint16_t kAnyDay = 65'535;  // all that the enterprise did is told today

policy_set::Publish pipeline(Date from) {
  using enum ForecastCategory;
  return {.effective_from = from,
          .pipeline = policy_set::PipelineBody{.stages = {{kStages[0], "Prospecting", 1'000, PIPELINE},
                                                          {kStages[1], "Qualification", 2'500, PIPELINE},
                                                          {kStages[2], "Demonstration", 4'000, BEST_CASE},
                                                          {kStages[3], "Proposal", 6'000, BEST_CASE},
                                                          {kStages[4], "Negotiation", 8'000, COMMIT}}}};
}

policy_set::Publish points(const Program& program, Date from) {
  return {.effective_from = from,
          .loyalty_program = policy_set::LoyaltyProgramBody{
              .earn = policy_set::EarnRule{.on = policy_set::EarnOn::ORDER_FULFILLED,
                                           .points = 1,
                                           .per = {program.per_minor, program.currency},
                                           .round = policy_set::Rounding::DOWN,
                                           .expires_after_days = kPointsExpireDays},
              .reverse = policy_set::ReverseRule{.on = policy_set::ReverseOn::CREDIT_NOTE,
                                                 .lots = policy_set::LotOrder::NEWEST}}};
}

class Company final {
 public:
  Company(const Enterprise& enterprise, Schedule& schedule) : enterprise_(enterprise), schedule_(schedule) {}

  void publish_rules() {
    schedule_.begin_story(kCompany, 1);
    auto from = enterprise_.begin();
    policy("house", {.effective_from = from, .house = policy_set::HouseBody{.backdate_days_max = kAnyDay}});
    policy(kPipeline, pipeline(from));
    for (auto market : {Market::kEurope, Market::kChina})
      policy(program(market).id, points(program(market), from));
  }

  // The prices of the year that begins on that day.
  void publish_prices(Date from, std::uint32_t story) {
    schedule_.begin_story(kCompany, story);
    minute_ = from.days * kMicrosPerDay;
    policy_set::PriceListBody chinese;
    for (auto products : {Enterprise::machines(), Enterprise::goods()})
      for (auto& product : products) {
        policy("product:" + std::string(product.id),
               {.effective_from = from,
                .product = policy_set::ProductBody{.id = product.id,
                                                   .series = product.series,
                                                   .list_price = price(product, from, Market::kEurope)}});
        chinese.prices.push_back(
            {.product_id = product.id, .list_price = price(product, from, Market::kChina)});
      }
    policy("prices-cn", {.effective_from = from, .price_list = chinese});
  }

  void hire() {
    schedule_.begin_story(kCompany, 2);
    person(enterprise_.portal(), "Customer portal", principal::Kind::SERVICE, {});
    for (auto& team : enterprise_.teams()) {
      person(team.id, team.name, principal::Kind::TEAM, {});
      person(team.manager, team.manager_name, principal::Kind::USER,
             {.team_id = Text(team.id), .office = Text(team.office)});
    }
    for (auto& seller : enterprise_.sellers()) {
      auto& team = enterprise_.teams()[seller.team];
      person(seller.id, seller.name, principal::Kind::USER,
             {.team_id = Text(team.id), .manager_id = Text(team.manager), .office = Text(team.office)});
    }
    for (auto& agent : enterprise_.agents())
      person(agent.id, agent.name, principal::Kind::USER,
             {.office = Text(agent.market == Market::kChina ? "上海" : "München")});
  }

  // Deals and accounts were handed over in the morning.
  void let_go() {
    schedule_.begin_story(kCompany, 3);
    for (auto& seller : enterprise_.sellers())
      if (seller.leaves)
        schedule_.add({seller.leaves->days * kMicrosPerDay + 17 * 60 * kMicrosPerMinute},
                      {"principal", seller.id}, principal::Deactivate{}, {kFounder, ActorKind::USER, "left"});
  }

 private:
  Money price(const Product& product, Date day, Market market) const {
    return {enterprise_.price_minor(product, day, market), Enterprise::currency(market)};
  }
  // One thing a second, so that all of it is done before the offices open.
  Timestamp next() { return {minute_ += kMicrosPerSecond}; }
  void policy(std::string_view id, const policy_set::Publish& rule) {
    schedule_.add(next(), {"policySet", id}, rule, {kFounder});
  }
  void person(const std::string& id, const std::string& name, principal::Kind kind,
              const principal::Assign& place) {
    schedule_.add(next(), {"principal", id}, principal::Provision{.kind = kind, .name = Text(name)},
                  {kFounder});
    if (place != principal::Assign{}) schedule_.add(next(), {"principal", id}, place, {kFounder});
  }

  const Enterprise& enterprise_;
  Schedule& schedule_;
  std::int64_t minute_ = enterprise_.begin().days * kMicrosPerDay;
};

}  // namespace

void tell_company(const Enterprise& enterprise, Schedule& schedule) {
  Company company(enterprise, schedule);
  company.publish_rules();
  company.hire();
  company.let_go();
  std::uint32_t story = 100;
  company.publish_prices(enterprise.begin(), story);
  for (auto year = year_of(enterprise.begin()) + 1; new_year(year) < enterprise.end(); ++year)
    if (enterprise.begin() < new_year(year)) company.publish_prices(new_year(year), ++story);
}

}  // namespace rapport::demo
