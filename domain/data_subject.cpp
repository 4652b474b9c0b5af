#include "domain/data_subject.h"

#include <algorithm>
#include <chrono>

namespace rapport::data_subject {
namespace {

constexpr std::size_t kSha256Digits = 64;

template <class Consents>
auto* consent_of(Consents& consents, Text purpose, Text channel) {
  auto found = std::ranges::find_if(consents, [&](auto& c) { return c.purpose == purpose && c.channel == channel; });
  return found == consents.end() ? nullptr : &*found;
}

// Whoever is known neither by a key nor by anything that was recorded.
bool is_unknown(const State& state, const Context& context) { return !state.known && context.subject_key == 0; }

bool is_sha256(Text text) {
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == kSha256Digits && std::ranges::all_of(text, hex);
}

void answer(State& state, RequestKind kind) {
  std::erase_if(state.requests, [&](auto& request) { return request.kind == kind; });
}

}  // namespace

Date one_month_after(Date day) {
  using namespace std::chrono;
  year_month_day received{sys_days(days(day.days))};
  auto due = received + months(1);
  if (!due.ok()) due = due.year() / due.month() / last;
  return {static_cast<std::int32_t>(sys_days(due).time_since_epoch().count())};
}

// The evidence is personal, so the state does not know it: only another wording is another consent.
Decision decide(const State& state, const RecordConsent& record, const Context&, Events<Event>& events) {
  if (record.purpose.empty()) return reject("subject.purpose_missing", "purpose");
  if (record.channel.empty()) return reject("subject.channel_missing", "channel");
  auto* consent = consent_of(state.consents, record.purpose, record.channel);
  if (consent && consent->granted && consent->text_version == record.text_version) return unchanged;
  return events.emit(ConsentGranted{
      .purpose = record.purpose,
      .channel = record.channel,
      .text_version = record.text_version,
      .evidence = record.evidence,
  });
}

Decision decide(const State& state, const WithdrawConsent& withdraw, const Context& context, Events<Event>& events) {
  auto* consent = consent_of(state.consents, withdraw.purpose, withdraw.channel);
  if (consent && !consent->granted) return unchanged;
  if (!consent && !context.as_fact) return reject("subject.consent_not_found", "purpose");
  return events.emit(ConsentWithdrawn{.purpose = withdraw.purpose, .channel = withdraw.channel});
}

// Whoever asks may be unknown: then that is the answer to give.
Decision decide(const State& state, const ReceiveRequest& receive, const Context& context, Events<Event>& events) {
  auto received = date_of(context.now);
  auto open = [&](const Request& request) { return request.kind == receive.kind && (!receive.due || request.due == *receive.due); };
  if (std::ranges::any_of(state.requests, open)) return unchanged;
  if (receive.due && *receive.due < received && !context.as_fact) return reject("subject.due_before_receipt", "due");
  return events.emit(SubjectRequestReceived{.kind = receive.kind, .due = receive.due.value_or(one_month_after(received))});
}

Decision decide(const State& state, const SetLegalHold& set, const Context& context, Events<Event>& events) {
  if (state.hold && state.hold_until == set.until) return unchanged;
  if (set.until && *set.until < date_of(context.recorded) && !context.as_fact) return reject("subject.hold_over", "until");
  return events.emit(LegalHoldChanged{.on = true, .until = set.until});
}

Decision decide(const State& state, const LiftLegalHold&, const Context& context, Events<Event>& events) {
  if (is_unknown(state, context)) return reject("subject.not_found");
  if (!state.hold) return unchanged;
  return events.emit(LegalHoldChanged{.on = false});
}

// A hold stands against facts, too: what is destroyed cannot be brought back. The day that counts is that of the clock, which no
// dating back dodges.
Decision decide(const State& state, const EraseSubject&, const Context& context, Events<Event>& events) {
  if (context.subject_key == 0 || context.subject_key == state.destroyed_key) {
    if (state.destroyed_key != 0) return unchanged;
    return state.known ? reject("subject.nothing_to_erase") : reject("subject.not_found");
  }
  if (state.held_on(date_of(context.recorded))) return reject("subject.legal_hold");
  if (auto checked = check_reason(context, "subject.reason_missing"); !checked.accepted()) return checked;
  return events.emit(SubjectKeyDestroyed{.key_id = context.subject_key, .scope = ErasureScope::PERSONAL_TEXTS});
}

Decision decide(const State& state, const ExportSubjectData& exported, const Context& context, Events<Event>& events) {
  if (is_unknown(state, context)) return reject("subject.not_found");
  if (!is_sha256(exported.sha256)) return reject("subject.sha256_malformed", "sha256");
  if (state.exported_sha256 == exported.sha256) return unchanged;
  return events.emit(SubjectDataExported{.sha256 = exported.sha256});
}

// A note is personal, so the state does not know it, and it is taken as changed.
Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (!state.known) return reject("subject.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "subject.approver_missing"); !checked.accepted()) return checked;
  auto corrected = change(Details{}, correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

void evolve(State& state, const ConsentGranted& granted) {
  state.known = true;
  auto* consent = consent_of(state.consents, granted.purpose, granted.channel);
  if (!consent) consent = &state.consents.emplace_back(Consent{std::string(granted.purpose), std::string(granted.channel), {}, true});
  consent->text_version = granted.text_version;
  consent->granted = true;
}
void evolve(State& state, const ConsentWithdrawn& withdrawn) {
  state.known = true;
  auto* consent = consent_of(state.consents, withdrawn.purpose, withdrawn.channel);
  if (!consent) consent = &state.consents.emplace_back(Consent{std::string(withdrawn.purpose), std::string(withdrawn.channel), {}, false});
  consent->granted = false;
}
void evolve(State& state, const SubjectRequestReceived& received) {
  state.known = true;
  state.requests.push_back({received.kind, received.due});
}
void evolve(State& state, const LegalHoldChanged& changed) {
  state.known = true;
  state.hold = changed.on;
  state.hold_until = changed.until;
}
// Who comes back is asked anew.
void evolve(State& state, const SubjectKeyDestroyed& destroyed) {
  state.known = true;
  state.destroyed_key = destroyed.key_id;
  state.consents.clear();
  answer(state, RequestKind::ERASE);
}
void evolve(State& state, const SubjectDataExported& exported) {
  state.known = true;
  state.exported_sha256 = exported.sha256;
  answer(state, RequestKind::ACCESS);
}
void evolve(State& state, const CorrectionRecorded&) { state.known = true; }

}  // namespace rapport::data_subject
