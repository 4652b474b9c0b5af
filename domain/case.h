// A question, incident, request or complaint: New → Open ⇄ Pending → Resolved → Closed, and back to Open.
#pragma once
#include <map>

#include "domain/schema/case.values.h"

namespace rapport::case_ {

enum class Status : std::uint8_t { kNone, kNew, kOpen, kPending, kResolved, kClosed };
enum class Outcome : std::uint8_t { kRunning, kMet, kBreached, kCancelled };

// A promise of a service level. It stands still while the case is pending on somebody else.
struct Milestone {
  MilestoneKind kind;
  Outcome outcome = Outcome::kRunning;
  Timestamp started_at;
  std::optional<Timestamp> due_at;  // absent: the target is unknown. Without the pending that lasts
  std::int64_t pended_micros = 0;   // since its start, without the pending that lasts
};

struct Message {
  Direction direction;
  bool public_;
  bool operator==(const Message&) const = default;
};

struct State {  // owns its texts; holds what decisions read, and nothing personal
  Status status = Status::kNone;
  std::optional<PendedOn> pended_on;
  Timestamp pended_since{};  // meaningful while pending
  std::string account_id, group, assignee;
  std::string category, subcategory, symptom, product_id;
  std::optional<Type> type;
  std::optional<Channel> channel;
  std::optional<std::uint8_t> impact, urgency, priority;
  bool first_responded = false;
  std::map<std::string, Message, std::less<>> messages;  // by their references
  std::string resolution_code;                           // of the last resolution
  std::vector<Milestone> milestones;  // of each kind the newest

  // The data subject whose key seals the texts of this case.
  std::string subject() const { return account_id.empty() ? std::string() : "account-" + account_id; }
};

}  // namespace rapport::case_
