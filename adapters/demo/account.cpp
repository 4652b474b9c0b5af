// An account: created, related to its group, cared for, asleep and awake again.
#include "domain/account.h"

#include "adapters/demo/stories.h"

namespace rapport::demo {
namespace {

class Account final {
 public:
  explicit Account(const Telling& telling)
      : enterprise_(telling.enterprise),
        customer_(telling.customer),
        schedule_(telling.schedule),
        random_(telling.random(kAccount)) {}

  void tell() {
    schedule_.begin_story(customer_.number, kAccount);
    create();
    if (customer_.organisation) join_group();
    lifecycle(account::Lifecycle::ACTIVE, 10, 60);
    if (random_.chance(20)) change_details();
    if (random_.chance(3)) correct_locale();
    if (customer_.organisation) hand_over();
    if (random_.chance(12)) fall_asleep();
  }

 private:
  template <class C>
  CommandId send(Timestamp at, const C& command, std::string_view reason = {}) {
    auto& by = customer_.organisation ? enterprise_.seller_at(customer_.seller, at).id : enterprise_.portal();
    return schedule_.add(at, {"account", customer_.id}, command,
                         {by, customer_.organisation ? ActorKind::USER : ActorKind::SERVICE, reason});
  }

  void create() {
    std::string_view industry = random_.pick(industries());
    auto name = customer_.organisation ? company_name(random_, customer_.market, industry)
                                       : person_name(random_, customer_.market).text;
    auto& place = random_.pick(places(customer_.market));
    auto currency = Enterprise::currency(customer_.market);
    account::Create create{
        .kind = customer_.organisation ? account::Kind::ORGANISATION : account::Kind::PERSON,
        .name = Text(name)};
    create.region_code = place.region;
    create.locale = place.locale;
    create.currency = Text(currency.view());
    auto number = "HR-" + std::to_string(10'000 + random_.below(90'000));
    if (customer_.organisation) {
      create.registration_number = Text(number);
      create.industry = industry;
      create.owner_id = Text(enterprise_.sellers()[customer_.seller].id);
    }
    created_ = send(customer_.since, create);
    now_ = customer_.since;
  }

  void join_group() {
    auto head = (customer_.number - 1) / kGroup * kGroup + 1;
    if (head == customer_.number || !random_.chance(30)) return;
    auto parent = enterprise_.customer(head).id;
    now_.micros += 5 * kMicrosPerMinute;
    send(now_, account::SetRelation{
                   .other_id = parent, .role = account::RelationRole::PARENT, .from = date_of(now_)});
  }

  void lifecycle(account::Lifecycle to, int days_min, int days_max) {
    now_ = days_later(random_, now_, days_min, days_max, customer_.market);
    send(now_, account::SetLifecycle{.lifecycle = to});
  }

  void change_details() {
    now_ = days_later(random_, now_, 5, 60, customer_.market);
    auto moved_to = std::string(random_.pick(places(customer_.market)).region);
    account::Details details{.region_code = Text(moved_to)};
    auto number = "HR-" + std::to_string(10'000 + random_.below(90'000));
    if (customer_.organisation) details.registration_number = Text(number);
    send(now_, account::ChangeDetails{.new_ = details}, "moved");
  }

  void correct_locale() {
    now_ = days_later(random_, now_, 1, 20, customer_.market);
    auto& manager = enterprise_.teams()[enterprise_.sellers()[customer_.seller].team].manager;
    send(now_,
         account::Correct{
             .target = event_id(created_, 0), .new_ = {.locale = Text("en-GB")}, .approver_id = manager},
         "typing-error");
  }

  void hand_over() {
    auto& seller = enterprise_.sellers()[customer_.seller];
    Timestamp morning{seller.leaves ? seller.leaves->days * kMicrosPerDay : 0};
    if (!seller.leaves || morning <= customer_.since) return;
    auto& team = enterprise_.teams()[seller.team];
    schedule_.add(morning, {"account", customer_.id},
                  account::AssignOwner{.owner_id = enterprise_.sellers()[seller.successor].id,
                                       .team_id = Text(team.id)},
                  {team.manager, ActorKind::USER, "handover"});
  }

  void fall_asleep() {
    lifecycle(account::Lifecycle::DORMANT, 90, 200);
    if (random_.chance(30)) return;
    lifecycle(account::Lifecycle::CHURNED, 60, 120);
    if (random_.chance(50)) lifecycle(account::Lifecycle::ACTIVE, 20, 100);
    else lifecycle(account::Lifecycle::INACTIVE, 100, 200);
  }

  const Enterprise& enterprise_;
  const Customer& customer_;
  Schedule& schedule_;
  Random random_;
  Timestamp now_{0};
  CommandId created_;
};

}  // namespace

void tell_account(const Telling& telling) { Account(telling).tell(); }

}  // namespace rapport::demo
