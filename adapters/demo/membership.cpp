// A loyalty member: enrolled with the account, earning by orders, redeeming, adjusted, promoted; what is not
// spent in time expires. How much can be redeemed is reckoned here, on the safe side, from the plans of the
// member's purchases.
#include <algorithm>

#include "adapters/demo/purchase.h"
#include "domain/loyalty_member.h"

namespace rapport::demo {
namespace {

constexpr std::int64_t kSilverPoints = 500, kGoldPoints = 2'000, kStep = 50;
constexpr std::int64_t kSuspension = 5 * kMicrosPerDay;

class Membership final {
 public:
  explicit Membership(const Telling& telling)
      : telling_(telling),
        enterprise_(telling.enterprise),
        customer_(telling.customer),
        schedule_(telling.schedule),
        random_(telling.random(kMembership)),
        program_(program(customer_.market)),
        since_(date_of(customer_.since)) {
    for (auto day = since_.days + random_.between(60, 250); day < enterprise_.end().days;
         day += random_.between(90, 250))
      redeems_.push_back(evening({day}));
    if (random_.chance(15)) adjusted_ = evening({since_.days + random_.between(20, 600)});
    if (random_.chance(3)) suspended_ = evening({since_.days + random_.between(20, 600)});
    if (random_.chance(3)) left_ = evening({since_.days + random_.between(200, 900)});
    tier_ = {(since_.days + 365) * kMicrosPerDay + 2 * 60 * kMicrosPerMinute};
  }

  void tell() {
    if (concerned()) {
      schedule_.begin_story(customer_.number, kMembership);
      enrol();
      tell_in_order();
    }
    tell_expiries();
  }

 private:
  struct Credit {
    Timestamp at;
    std::int64_t points;
    Date last_day;
  };
  struct Debit {
    Timestamp at;
    std::int64_t points;
  };

  Timestamp evening(Date day) { return leisure_time(random_, day, customer_.market); }
  bool gone(Timestamp t) const { return left_ && t >= *left_; }
  bool suspended(Timestamp t) const {
    return suspended_ && t >= *suspended_ && t.micros <= suspended_->micros + kSuspension;
  }
  template <class C>
  CommandId send(Timestamp at, const C& command, const Said& said) {
    return schedule_.add(at, {"loyaltyMember", customer_.id}, command, said);
  }
  Said by_portal() const { return {enterprise_.portal(), ActorKind::SERVICE}; }
  const std::string& manager() const {
    return enterprise_.teams()[enterprise_.sellers()[customer_.seller].team].manager;
  }
  std::string txn(std::string_view kind, std::size_t n) const {
    return customer_.id + "-" + std::string(kind) + std::to_string(n);
  }

  // Does anything but an expiry fall into the window?
  bool concerned() const {
    auto inside = [&](Timestamp t) { return schedule_.reaches(t, t); };
    constexpr std::int64_t kWeek = 7 * kMicrosPerDay;
    return schedule_.reaches(customer_.since, {customer_.since.micros + kWeek}) ||
           std::ranges::any_of(redeems_, inside) || (adjusted_ && inside(*adjusted_)) ||
           (suspended_ && schedule_.reaches(*suspended_, {suspended_->micros + kWeek})) ||
           (left_ && inside(*left_)) || inside(tier_);
  }

  void enrol() {
    Timestamp at{customer_.since.micros + 10 * kMicrosPerMinute};
    auto card = "LC" + std::to_string(10'000'000 + random_.below(90'000'000));
    auto enrolled =
        send(at,
             loyalty_member::Enrol{
                 .program_id = program_.id, .account_id = Text(customer_.id), .card_no = Text(card)},
             by_portal());
    if (!random_.chance(2)) return;
    auto right = card + "0";
    send({at.micros + kMicrosPerDay},
         loyalty_member::Correct{
             .target = event_id(enrolled, 0), .new_ = {.card_no = Text(right)}, .approver_id = manager()},
         {manager(), ActorKind::USER, "typing-error"});
  }

  void tell_in_order() {
    collect();
    std::vector<Timestamp> times = redeems_;
    for (auto& t : {adjusted_, std::optional(tier_)})
      if (t) times.push_back(*t);
    std::ranges::sort(times);
    for (std::size_t n = 0; n < times.size(); ++n) {
      auto t = times[n];
      if (gone(t)) break;
      if (t == tier_) promote(t);
      else if (adjusted_ && t == *adjusted_) adjust(t);
      else redeem(t, n + 1);
    }
    if (suspended_ && !gone({suspended_->micros + kSuspension})) suspend(*suspended_);
    if (left_)
      send(*left_, loyalty_member::ChangeStatus{.status = loyalty_member::Status::LEFT},
           {enterprise_.portal(), ActorKind::SERVICE, "member-wish"});
  }

  void collect() {
    for (auto& purchase : purchases_of(telling_, customer_.since, kDemoEnd)) {
      for (auto& delivery : purchase.deliveries)
        credits_.push_back({delivery.at,
                            delivery.worth_minor / program_.per_minor,
                            {date_of(delivery.at).days + kPointsExpireDays}});
      for (auto& back : {purchase.returned, purchase.credited})
        if (back) debits_.push_back({back->at, back->refund_minor / program_.per_minor + 1});
    }
  }

  // Never more than there is: whatever was ever taken may have been taken from the lots that still count.
  std::int64_t available(Timestamp t) const {
    std::int64_t points = 0;
    for (auto& credit : credits_)
      if (credit.at < t && credit.last_day >= date_of(t)) points += credit.points;
    for (auto& debit : debits_)
      if (debit.at <= t) points -= debit.points;
    return points;
  }

  void redeem(Timestamp t, std::size_t n) {
    if (suspended(t)) return;
    auto points = available(t) * random_.between(30, 90) / 100 / kStep * kStep;
    if (points < kStep) return;
    constexpr std::string_view kRewards[] = {"voucher", "gift-box", "donation"};
    auto id = txn("R", n);
    send(t, loyalty_member::Redeem{.txn_id = id, .points = points, .reward_id = random_.pick(kRewards)},
         by_portal());
    debits_.push_back({t, points});
  }

  void adjust(Timestamp t) {
    auto gift = random_.between(1, 6) * kStep;
    bool takes = random_.chance(25);
    auto points = takes ? -std::min<std::int64_t>(gift, available(t)) : gift;
    if (takes && points >= 0) return;
    auto id = txn("A", 1);
    send(t, loyalty_member::Adjust{.txn_id = id, .points = points, .approver_id = manager()},
         {manager(), ActorKind::USER, takes ? "booked-twice" : "goodwill"});
    if (takes) debits_.push_back({t, -points});
    else credits_.push_back({t, points, {enterprise_.end().days}});
  }

  void promote(Timestamp t) {
    std::int64_t earned = 0;
    for (auto& credit : credits_)
      if (credit.at < t) earned += credit.points;
    if (earned < kSilverPoints) return;
    send(t,
         loyalty_member::ChangeTier{.tier = earned >= kGoldPoints ? "gold" : "silver",
                                    .qualifying_points = earned,
                                    .period_start = since_,
                                    .valid_until = Date{since_.days + 2 * 365}},
         kByTimer);
  }

  void suspend(Timestamp t) {
    send(t, loyalty_member::ChangeStatus{.status = loyalty_member::Status::SUSPENDED},
         {manager(), ActorKind::USER, "suspicious-orders"});
    send({t.micros + kSuspension},
         loyalty_member::ChangeStatus{.status = loyalty_member::Status::ACTIVE},
         {manager(), ActorKind::USER, "cleared"});
  }

  // In the night after a lot's last day. Lots that were spent by then have nothing left to expire, and
  // nothing happens.
  void tell_expiries() {
    constexpr std::int64_t kLife = kPointsExpireDays + 1;
    Timestamp from{schedule_.from().micros - (kLife + kPurchaseDaysMax) * kMicrosPerDay};
    Timestamp to{schedule_.to().micros - kLife * kMicrosPerDay};
    for (auto& purchase : purchases_of(telling_, from, to)) {
      schedule_.begin_story(customer_.number, kExpiries + purchase.number);
      for (auto& delivery : purchase.deliveries) {
        Timestamp night{(date_of(delivery.at).days + kLife) * kMicrosPerDay + 60 * kMicrosPerMinute};
        if (gone(delivery.at) || gone(night) || delivery.worth_minor < program_.per_minor) continue;
        send(night, loyalty_member::Expire{.lot_id = delivery.txn}, kByTimer);
      }
    }
  }

  const Telling& telling_;
  const Enterprise& enterprise_;
  const Customer& customer_;
  Schedule& schedule_;
  Random random_;
  const Program& program_;
  const Date since_;
  std::vector<Timestamp> redeems_;
  std::optional<Timestamp> adjusted_, suspended_, left_;
  Timestamp tier_{0};
  std::vector<Credit> credits_;
  std::vector<Debit> debits_;
};

}  // namespace

void tell_membership(const Telling& telling) {
  if (telling.customer.member) Membership(telling).tell();
}

}  // namespace rapport::demo
