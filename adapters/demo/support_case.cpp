// A case: asked, classified, answered, waiting, solved in time or too late, now and then opened again.
#include "adapters/demo/stories.h"
#include "domain/case.h"

namespace rapport::demo {
namespace {

constexpr int kCaseDaysMax = 200;
constexpr std::string_view kFirstLine = "first-line", kSecondLine = "second-line", kBilling = "billing";
constexpr std::int64_t kHour = 3'600;

// What was promised, by priority from 1.
struct Promise {
  std::int64_t respond_seconds, resolve_seconds;
};
constexpr Promise kPromises[] = {
    {1 * kHour, 8 * kHour}, {4 * kHour, 24 * kHour}, {8 * kHour, 72 * kHour}, {24 * kHour, 120 * kHour}};

class SupportCase final {
 public:
  SupportCase(const Telling& telling, std::uint32_t number, Random random, Date day)
      : enterprise_(telling.enterprise),
        customer_(telling.customer),
        schedule_(telling.schedule),
        random_(random),
        number_(number),
        id_(customer_.id + "-S" + std::to_string(number + 1)),
        now_(leisure_time(random_, day, customer_.market)),
        agent_(&enterprise_.agent(random_, customer_.market)) {}

  void tell() {
    schedule_.begin_story(customer_.number, kCases + number_);
    open();
    answer_first();
    work();
    resolve();
    if (random_.chance(12)) {
      open_again();
      work();
      resolve();
    }
    days(3, 7);
    say(case_::Close{}, kByTimer);
    if (random_.chance(3)) {
      open_again();
      resolve();
    }
  }

 private:
  std::size_t market() const { return static_cast<std::size_t>(customer_.market); }
  StreamRef stream() const { return {"case", id_}; }
  template <class C>
  CommandId say(const C& command, const Said& said) {
    return schedule_.add(now_, stream(), command, said);
  }
  template <class C>
  CommandId do_it(const C& command) {
    return say(command, {agent_->id});
  }
  void minutes(int min, int max) { now_.micros += random_.between(min, max) * kMicrosPerMinute; }
  void days(int min, int max) { now_ = days_later(random_, now_, min, max, customer_.market); }

  void open() {
    trouble_ = &random_.pick(troubles());
    priority_ = static_cast<std::uint8_t>(random_.chance(8) ? 1 : random_.between(2, 4));
    constexpr case_::Channel kChannels[] = {case_::Channel::EMAIL, case_::Channel::PORTAL,
                                            case_::Channel::PHONE, case_::Channel::CHAT};
    constexpr case_::Type kTypes[] = {case_::Type::QUESTION, case_::Type::INCIDENT, case_::Type::INCIDENT,
                                      case_::Type::COMPLAINT};
    Said portal{enterprise_.portal(), ActorKind::SERVICE};
    auto type = random_.pick(kTypes);
    auto channel = random_.pick(kChannels);
    opened_ = say(case_::Open{.account_id = Text(customer_.id),
                              .type = type,
                              .channel = channel,
                              .subject = Text(trouble_->subject[market()]),
                              .text = Text(trouble_->text[market()]),
                              .category = trouble_->category,
                              .priority = priority_},
                  portal);
    auto& promise = kPromises[priority_ - 1];
    start_milestone(case_::MilestoneKind::FIRST_RESPONSE, promise.respond_seconds);
    start_milestone(case_::MilestoneKind::RESOLUTION, promise.resolve_seconds);
    minutes(2, 40);
    do_it(case_::Classify{
        .new_ = {.subcategory = Text(trouble_->subcategory), .impact = 2, .urgency = priority_}});
    assign(trouble_->category == "billing" ? kBilling : kFirstLine);
  }

  void start_milestone(case_::MilestoneKind kind, std::int64_t seconds) {
    say(case_::StartMilestone{.kind = kind, .target_seconds = static_cast<std::uint32_t>(seconds)},
        {"rapport.rules", ActorKind::RULE});
    if (kind == case_::MilestoneKind::RESOLUTION) due_ = Timestamp{now_.micros + seconds * kMicrosPerSecond};
  }
  void assign(std::string_view group, std::string_view reason = {}) {
    say(case_::Assign{.group = group, .assignee = Text(agent_->id)}, {agent_->id, ActorKind::USER, reason});
  }

  // One in six answers comes too late.
  void answer_first() {
    auto promised = kPromises[priority_ - 1].respond_seconds;
    Timestamp asked = now_;
    auto percent = random_.chance(16) ? random_.between(105, 180) : random_.between(5, 80);
    minutes(1, 5);
    do_it(case_::Start{});
    auto answer_at =
        std::max(now_.micros + kMicrosPerMinute, asked.micros + promised * kMicrosPerSecond * percent / 100);
    now_ = {answer_at};
    reply(case_::Direction::OUTBOUND, answer(random_, customer_.market), {agent_->id});
  }

  void reply(case_::Direction direction, std::string_view text, const Said& said) {
    say(case_::Reply{.direction = direction, .public_ = true, .text = Text(text)}, said);
  }

  // Waits for others, changes hands, takes its time. Time spent pending moves what is due.
  void work() {
    for (auto waits = random_.between(0, 2); waits > 0; --waits) {
      pass(10, 200);
      constexpr case_::PendedOn kParties[] = {case_::PendedOn::CUSTOMER, case_::PendedOn::CUSTOMER,
                                              case_::PendedOn::VENDOR, case_::PendedOn::EVIDENCE};
      auto party = random_.pick(kParties);
      do_it(case_::Pend{.on = party});
      auto since = now_;
      days(0, 5);
      if (due_ && since < *due_) due_->micros += now_.micros - since.micros;
      do_it(case_::Resume{});
      minutes(1, 20);
      if (party == case_::PendedOn::CUSTOMER)
        reply(case_::Direction::INBOUND, question(random_, customer_.market),
              {enterprise_.portal(), ActorKind::SERVICE});
    }
    if (!escalated_ && random_.chance(25)) {
      escalated_ = true;
      pass(10, 120);
      agent_ = &enterprise_.agent(random_, customer_.market);
      assign(kSecondLine, "escalated");
    }
    auto target = kPromises[priority_ - 1].resolve_seconds / 60;
    pass(static_cast<int>(target / 20), static_cast<int>(target * (random_.chance(35) ? 2 : 1) * 2 / 3));
  }

  // Time passes; a resolution that falls due meanwhile is broken at that moment.
  void pass(int minutes_min, int minutes_max) {
    minutes(minutes_min, minutes_max);
    if (!due_ || *due_ >= now_) return;
    schedule_.add(*due_, stream(), case_::BreachMilestone{.kind = case_::MilestoneKind::RESOLUTION},
                  kByTimer);
    due_.reset();
  }

  void resolve() {
    pass(1, 30);
    constexpr std::string_view kCodes[] = {"replaced", "explained", "corrected", "fixed"};
    auto code = random_.pick(kCodes);
    do_it(case_::Resolve{.resolution_code = code, .text = Text(solution(random_, customer_.market))});
    due_.reset();
    if (!corrected_ && random_.chance(2)) {
      corrected_ = true;
      minutes(5, 60);
      do_it(case_::Correct{.target = event_id(opened_, 0),
                           .new_ = {.product_id = Text("SENSOR")},
                           .approver_id = Text(agent_->id)});
    }
  }

  // A new promise for the second attempt.
  void open_again() {
    days(1, 6);
    say(case_::Reopen{}, {enterprise_.portal(), ActorKind::SERVICE, "not-solved"});
    start_milestone(case_::MilestoneKind::RESOLUTION, kPromises[priority_ - 1].resolve_seconds);
    minutes(5, 30);
    reply(case_::Direction::INBOUND, question(random_, customer_.market),
          {enterprise_.portal(), ActorKind::SERVICE});
  }

  const Enterprise& enterprise_;
  const Customer& customer_;
  Schedule& schedule_;
  Random random_;
  const std::uint32_t number_;
  const std::string id_;
  Timestamp now_;
  const Agent* agent_;
  const Trouble* trouble_ = nullptr;
  std::uint8_t priority_ = 4;
  CommandId opened_;
  std::optional<Timestamp> due_;  // of the resolution that was promised, while it runs
  bool corrected_ = false, escalated_ = false;
};

}  // namespace

void tell_cases(const Telling& telling) {
  auto& [enterprise, customer, schedule] = telling;
  auto count = telling.count(kCases, customer.organisation ? 1'800 : 700);
  for (std::uint32_t k = 0; k < count; ++k) {
    auto random = telling.random(kCases + k);
    auto day = seasonal_day(random, {date_of(customer.since).days + 1}, enterprise.end(), kTrouble);
    Timestamp first{day.days * kMicrosPerDay};
    if (schedule.reaches(first, {first.micros + kCaseDaysMax * kMicrosPerDay}))
      SupportCase(telling, k, random, day).tell();
  }
}

}  // namespace rapport::demo
