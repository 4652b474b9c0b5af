// A deal through its pipeline: sellers move, re-price, put off, win, lose and sometimes try again; a won one
// becomes an order.
#include "adapters/demo/purchase.h"
#include "domain/opportunity.h"

namespace rapport::demo {
namespace {

constexpr int kDealDaysMax = 700;  // with its order
constexpr std::string_view kReasons[] = {"price", "no-budget", "no-decision", "timing", "competitor"};
constexpr std::string_view kCompetitors[] = {"Globex", "Initech", "宏图设备"};

class Deal final {
 public:
  Deal(const Telling& telling, std::uint32_t number, Random random, Date day)
      : telling_(telling),
        enterprise_(telling.enterprise),
        customer_(telling.customer),
        schedule_(telling.schedule),
        random_(random),
        number_(number),
        id_(customer_.id + "-D" + std::to_string(number + 1)),
        now_(office_time(random_, day, customer_.market)),
        seller_(&enterprise_.seller_at(customer_.seller, now_)) {}

  void tell() {
    schedule_.begin_story(customer_.number, kDeals + number_);
    open();
    bool wins = random_.chance(habits().win_percent);
    auto stages =
        wins ? std::size(kStages) : 1 + random_.below(static_cast<std::uint32_t>(std::size(kStages)));
    go_through_stages(1, stages);
    if (wins) return win();
    lose();
    if (!random_.chance(8)) return;
    reopen();
    if (random_.chance(50)) win();
    else lose();
  }

 private:
  const Habits& habits() const { return seller_->habits; }

  template <class C>
  CommandId send(const C& command, std::string_view reason = {}) {
    return schedule_.add(now_, {"opportunity", id_}, command, {seller_->id, ActorKind::USER, reason});
  }

  // Time passes. If the seller left meanwhile, the deal is handed over that morning.
  void wait(int days_min, int days_max) {
    auto next = days_later(random_, now_, days_min, days_max, customer_.market);
    auto& seller = enterprise_.seller_at(customer_.seller, next);
    if (&seller != seller_) {
      auto& team = enterprise_.teams()[seller.team];
      schedule_.add({seller_->leaves->days * kMicrosPerDay}, {"opportunity", id_},
                    opportunity::AssignOwner{.owner_id = seller.id, .team_id = Text(team.id)},
                    {team.manager, ActorKind::USER, "handover"});
      seller_ = &seller;
    }
    now_ = next;
  }

  Money amount() const { return {total_minor(basket_), Enterprise::currency(customer_.market)}; }

  void open() {
    basket_ =
        fill_basket(random_, enterprise_, Enterprise::machines(), date_of(now_), customer_.market, 3, 4);
    auto name = std::string(basket_[0].product->id) + " × " + std::to_string(basket_[0].pieces);
    if (basket_.size() > 1) name += " + " + std::to_string(basket_.size() - 1);
    constexpr opportunity::Type kTypes[] = {opportunity::Type::NEW, opportunity::Type::UPSELL,
                                            opportunity::Type::RENEWAL, opportunity::Type::CROSSSELL};
    auto type = number_ == 0 ? opportunity::Type::NEW : random_.pick(kTypes);
    expected_ = {date_of(now_).days + habits().days_a_stage * random_.between(4, 6)};
    opened_ = send(opportunity::Open{.account_id = Text(customer_.id),
                                     .name = Text(name),
                                     .type = type,
                                     .product_id = basket_[0].product->id,
                                     .owner_id = Text(seller_->id),
                                     .pipeline_id = kPipeline,
                                     .stage_id = kStages[0],
                                     .amount = amount(),
                                     .close_date = expected_});
  }

  // Up to, not including, stage `end`.
  void go_through_stages(std::size_t first, std::size_t end) {
    for (auto stage = first; stage < end; ++stage) {
      wait(habits().days_a_stage / 2, habits().days_a_stage * 3 / 2);
      send(opportunity::MoveStage{.stage_id = kStages[stage]});
      if (random_.chance(habits().slips_percent / 2)) put_off();
      if (kStages[stage] == "demonstration" && random_.chance(15)) widen();
      if (kStages[stage] == "proposal" && random_.chance(30)) note_competitor();
      if (kStages[stage] == "negotiation" && !basket_[0].discount_bp &&
          random_.chance(habits().discounts_percent))
        discount();
      if (kStages[stage] == "negotiation" && random_.chance(10)) doubt();
    }
    if (random_.chance(2)) correct();
  }

  void put_off() {
    wait(0, 2);
    expected_.days += random_.between(14, 60);
    send(opportunity::ChangeCloseDate{.close_date = expected_}, "customer-wish");
  }
  void widen() {
    wait(0, 3);
    ++basket_[0].pieces;
    send(opportunity::ChangeAmount{.amount = amount()}, "scope");
  }
  void note_competitor() {
    wait(0, 3);
    constexpr opportunity::Strength kStrengths[] = {opportunity::Strength::WEAK, opportunity::Strength::EQUAL,
                                                    opportunity::Strength::STRONG};
    competitor_ = random_.pick(kCompetitors);
    send(opportunity::NoteCompetitor{.name = competitor_, .strength = random_.pick(kStrengths)});
  }
  void discount() {
    wait(0, 3);
    for (auto& line : basket_) line.discount_bp = habits().discount_bp;
    send(opportunity::ChangeAmount{.amount = amount()}, "discount");
  }
  // The manager believes less than the stage says.
  void doubt() {
    wait(0, 2);
    auto& manager = enterprise_.teams()[seller_->team].manager;
    schedule_.add(
        now_, {"opportunity", id_},
        opportunity::OverrideForecast{.probability_bp = 5'000, .category = ForecastCategory::BEST_CASE},
        {manager, ActorKind::USER, "manager-review"});
  }
  // The first expectation had been mistyped.
  void correct() {
    wait(1, 3);
    expected_.days += 7;
    auto& manager = enterprise_.teams()[seller_->team].manager;
    send(
        opportunity::Correct{
            .target = event_id(opened_, 0), .new_ = {.close_date = expected_}, .approver_id = manager},
        "typing-error");
  }

  void win() {
    wait(habits().days_a_stage / 2, habits().days_a_stage * 2);
    if (random_.chance(habits().quarter_end_percent)) hold_up();
    auto won = send(opportunity::Win{});
    auto id = id_ + "-O";
    auto placed = days_later(random_, now_, 0, 2, customer_.market);
    auto purchase = plan_purchase(random_, number_, id, placed, basket_, customer_.market);
    tell_purchase(telling_, purchase,
                  {.said = {seller_->id}, .opportunity = Text(id_), .cause = event_id(won, 0)});
  }

  // Until the quarter's last week.
  void hold_up() {
    auto days = quarter_end(date_of(now_)).days - 7 - date_of(now_).days;
    if (days > 0 && days < 40) wait(days, days + 3);
  }

  void lose() {
    wait(1, habits().days_a_stage * 2);
    auto reason = random_.pick(kReasons);
    opportunity::Lose lose{.reason_code = reason};
    if (reason == "competitor")
      lose.competitor = competitor_.empty() ? random_.pick(kCompetitors) : competitor_;
    if (random_.chance(40)) lose.text = Text(farewell(random_, customer_.market));
    send(lose, reason);
  }

  void reopen() {
    wait(30, 120);
    send(opportunity::Reopen{.to_stage = kStages[3]}, "customer-came-back");
    go_through_stages(4, std::size(kStages));
  }

  const Telling& telling_;
  const Enterprise& enterprise_;
  const Customer& customer_;
  Schedule& schedule_;
  Random random_;
  const std::uint32_t number_;
  const std::string id_;
  Timestamp now_;
  const Seller* seller_;
  Basket basket_;
  std::string_view competitor_;  // the one that was noted
  Date expected_{0};
  CommandId opened_;
};

}  // namespace

void tell_deals(const Telling& telling) {
  auto& [enterprise, customer, schedule] = telling;
  if (!customer.organisation) return;
  auto count = telling.count(kDeals, 3'000);
  for (std::uint32_t k = 0; k < count; ++k) {
    auto random = telling.random(kDeals + k);
    auto day = seasonal_day(random, {date_of(customer.since).days + 1}, enterprise.end(), kEvenYear);
    Timestamp first{day.days * kMicrosPerDay};
    if (schedule.reaches(first, {first.micros + kDealDaysMax * kMicrosPerDay}))
      Deal(telling, k, random, day).tell();
  }
}

}  // namespace rapport::demo
