#include "domain/webhook.h"

#include <algorithm>

namespace rapport::webhook {
namespace {

constexpr std::size_t kIdBytesMax = 64, kClauseBytesMax = 1'000;

// It names a file, and stands in addresses.
bool is_name(Text id) {
  auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; };
  return !id.empty() && id.size() <= kIdBytesMax && id.front() != '.' && std::ranges::all_of(id, fits);
}

// http(s)://HOST…, without a user's name, since an event would tell the password for ever.
bool is_url(Text url) {
  auto rest = std::string_view(url);
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else return false;
  auto authority = rest.substr(0, rest.find_first_of("/?#"));
  auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\'; };
  return !authority.empty() && authority.front() != ':' && authority.find('@') == authority.npos && std::ranges::all_of(rest, plain);
}

Decision check_match(const std::vector<Text>& match, const char* field) {
  if (std::ranges::any_of(match, [](Text clause) { return clause.empty() || clause.size() > kClauseBytesMax; }))
    return reject("webhook.clause_malformed", field);
  return accepted;
}

bool is_live(const State& state) { return state.status == Status::kActive || state.status == Status::kPaused; }

std::vector<Text> views_of(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }
std::vector<std::string> owned(const std::vector<Text>& texts) { return {texts.begin(), texts.end()}; }

}  // namespace

Decision decide(const State& state, const Create& create, const Context& context, Events<Event>& events) {
  if (is_live(state)) return reject("webhook.exists");
  if (!is_name(context.id)) return reject("webhook.id_malformed", "id");
  if (!is_url(create.url)) return reject("webhook.url_malformed", "url");
  if (auto checked = check_match(create.match, "match"); !checked.accepted()) return checked;
  return events.emit(Created{
      .url = create.url,
      .match = create.match,
      .ordering = create.ordering.value_or(Ordering::PER_STREAM),
      .description = create.description,
      .from = create.from,
      .rotation = state.rotation + 1,
  });
}

Decision decide(const State& state, const Change& change_, const Context&, Events<Event>& events) {
  if (!is_live(state)) return reject("webhook.not_found");
  auto& wanted = change_.new_;
  if (wanted.url && !is_url(*wanted.url)) return reject("webhook.url_malformed", "new/url");
  if (wanted.match)
    if (auto checked = check_match(*wanted.match, "new/match"); !checked.accepted()) return checked;
  auto changed = change(Details{.url = state.url, .match = views_of(state.match), .ordering = state.ordering, .description = state.description}, wanted);
  if (!changed.any) return unchanged;
  return events.emit(Changed{.old = changed.old, .new_ = changed.new_});
}

Decision decide(const State& state, const Pause& pause, const Context&, Events<Event>& events) {
  if (!is_live(state)) return reject("webhook.not_found");
  if (state.status == Status::kPaused) return unchanged;
  return events.emit(Paused{.cause = pause.cause.value_or(PauseCause::ASKED), .detail = pause.detail});
}

Decision decide(const State& state, const Resume&, const Context&, Events<Event>& events) {
  if (!is_live(state)) return reject("webhook.not_found");
  if (state.status == Status::kActive) return unchanged;
  return events.emit(Resumed{});
}

// The number makes it happen once, however often it is sent.
Decision decide(const State& state, const RotateSecret& rotate, const Context& context, Events<Event>& events) {
  if (!is_live(state)) return reject("webhook.not_found");
  if (rotate.rotation == state.rotation) return unchanged;
  if (rotate.rotation != state.rotation + 1) return reject("webhook.rotation_differs", "rotation");
  return events.emit(SecretRotated{.rotation = rotate.rotation, .previous_until = {context.recorded.micros + kPreviousSecretMicros}});
}

Decision decide(const State& state, const Delete&, const Context&, Events<Event>& events) {
  if (state.status == Status::kDeleted) return unchanged;
  if (!is_live(state)) return reject("webhook.not_found");
  return events.emit(Deleted{});
}

Decision decide(const State& state, const Correct& correct, const Context& context, Events<Event>& events) {
  if (state.status == Status::kNone) return reject("webhook.not_found");
  if (auto checked = check_approver(context, correct.approver_id, "webhook.approver_missing"); !checked.accepted()) return checked;
  auto corrected = change(Note{.note = state.note}, correct.new_);
  if (!corrected.any) return unchanged;
  return events.emit(CorrectionRecorded{
      .target = correct.target,
      .old = corrected.old,
      .new_ = corrected.new_,
      .approver_id = correct.approver_id,
  });
}

void evolve(State& state, const Created& created) {
  state = {.status = Status::kActive,
           .url = std::string(created.url),
           .description = std::string(created.description.value_or("")),
           .note = {},
           .match = owned(created.match),
           .ordering = created.ordering,
           .from = created.from,
           .rotation = created.rotation,
           .previous_until = {0},
           .cause = PauseCause::UNSPECIFIED,
           .detail = {}};
}
void evolve(State& state, const Changed& changed) {
  patch(state.url, changed.new_.url);
  patch(state.ordering, changed.new_.ordering);
  patch(state.description, changed.new_.description);
  if (changed.new_.match) state.match = owned(*changed.new_.match);
}
void evolve(State& state, const Paused& paused) {
  state.status = Status::kPaused;
  state.cause = paused.cause;
  state.detail = std::string(paused.detail.value_or(""));
}
void evolve(State& state, const Resumed&) {
  state.status = Status::kActive;
  state.cause = PauseCause::UNSPECIFIED;
  state.detail.clear();
}
void evolve(State& state, const SecretRotated& rotated) {
  state.rotation = rotated.rotation;
  state.previous_until = rotated.previous_until;
}
void evolve(State& state, const Deleted&) { state.status = Status::kDeleted; }
void evolve(State& state, const CorrectionRecorded& correction) { patch(state.note, correction.new_.note); }

}  // namespace rapport::webhook
