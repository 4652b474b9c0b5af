#include "eventstore/gateway/plan.h"

#include <capnp/dynamic.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "eventstore/gateway/erasures.h"
#include "eventstore/trace_context.h"

namespace rapport {
namespace {

constexpr std::int64_t kFutureMicrosMax = 300 * kMicrosPerSecond;  // what clocks of callers may run ahead
constexpr std::size_t kReactionsMax = 1'000;                       // of one command, reactions to reactions included
constexpr std::string_view kBackdate = "backdate";                 // the reason that dates a command back without limit

// What would have been accepted, and what to do, for refusals that many aggregates share: by the end of their code.
struct Advice {
  std::string_view ending;
  const char *expected, *hint;
};
constexpr const char* kCorrectIt = "correct what was recorded, or send what is meant under its own name";
constexpr Advice kAdvice[] = {
    {".reason_missing", "a reason code", "say why: --reason CODE[:TEXT], over HTTP the header Rapport-Reason"},
    {".approver_missing", "the id of the principal who approves", "name who approved it in approverId"},
    {".approver_is_actor", "a principal other than the actor", "let somebody else approve it"},
    {".already_won", "what it was won with", kCorrectIt},
    {".already_lost", "what it was lost for", kCorrectIt},
    {".already_resolved", "the code that it was resolved with", kCorrectIt},
    {".already_cancelled", "the reason that it was cancelled for", kCorrectIt},
    {".transaction_differs", "what was booked under this transaction", "send another movement under a txnId of its own"},
    {".message_differs", "what was logged under this messageRef", "send another message under a messageRef of its own"},
    {".legal_hold", "a subject without a legal hold", "lift the hold, or let it run out"},
    {".nothing_to_erase", "a subject with personal texts", "no text was ever sealed for this subject, or none since its last erasure"},
    {".hierarchy_circular", "an account that is not already on the other side", "end the relation that stands against it"},
};

bool valid_id(std::string_view id) {
  return !id.empty() && id.size() <= kStreamIdBytesMax &&
         std::ranges::none_of(id, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string text_of(Date date) {
  std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(date.days))};
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(day.year()), unsigned(day.month()), unsigned(day.day()));
  return text;
}

// The last moment that a time of this precision may stand for.
Timestamp latest(Timestamp at, Precision precision) {
  auto whole = precision == Precision::DATE ? kMicrosPerDay : precision == Precision::MINUTE ? 60 * kMicrosPerSecond : 1;
  return {at.micros + whole - 1};
}
bool known(Precision precision) { return precision != Precision::UNKNOWN && precision != Precision::ALWAYS; }

// What to do about a refusal; empty if its words say it all.
std::string hint_of(const Advice* advice, const PolicyLookup& lookup) {
  if (advice) return advice->hint;
  if (auto& later = lookup.later()) return "policySet-" + later->id + " is in force from " + text_of(later->from) + " on";
  return {};
}

// "opportunity.not_open" about opportunity 17 reads: opportunity 17: not open.
Error refusal(const Decision& decision, std::string_view aggregate, std::string_view id, const PolicyLookup& lookup) {
  std::string code(decision.code());
  std::string words = code.substr(code.find('.') + 1);
  std::ranges::replace(words, '_', ' ');
  auto kind = code.starts_with("command.") ? ErrorCode::kInvalid : ErrorCode::kRejected;
  std::string field = decision.field().empty() ? "" : "/" + std::string(decision.field());
  auto* advice = std::ranges::find_if(kAdvice, [&](auto& a) { return code.ends_with(a.ending); });
  if (advice == std::end(kAdvice)) advice = nullptr;
  return {kind, code, std::string(aggregate) + " " + std::string(id) + ": " + words, field, advice ? advice->expected : "",
          hint_of(advice, lookup)};
}

void write_metadata(envelope::wire::Metadata::Builder to, const Command& command, Timestamp at, Precision precision,
                    Text reason) {
  to.setOccurredAt(known(precision) ? at.micros : 0);
  to.setOccurredPrecision(precision);
  to.setAsFact(command.as_fact);
  auto correlation = command.correlation.value_or(command.command_id);
  to.setCorrelationHigh(correlation.high());
  to.setCorrelationLow(correlation.low());
  if (!reason.empty()) write_text(reason, to.initReasonCode(static_cast<unsigned>(reason.size())));
  auto& source = command.source;
  if (source.channel.empty()) return;
  auto out = to.initSource();
  write_text(source.channel, out.initChannel(static_cast<unsigned>(source.channel.size())));
  if (!source.client.empty()) write_text(source.client, out.initClient(static_cast<unsigned>(source.client.size())));
  if (!source.file.empty()) write_text(source.file, out.initFile(static_cast<unsigned>(source.file.size())));
  out.setLine(source.line);
  if (!source.row_hash.empty()) out.setRowHash({source.row_hash.data(), source.row_hash.size()});
}

}  // namespace

Append Plan::append() const {
  Append append{.command = command, .request = request, .conditions = {}, .events = {}, .recorded_at = {}, .salts = {}};
  for (auto& [name, before] : seen) append.conditions.push_back({name, before});
  for (auto& event : events) append.events.push_back({event.stream, event.metadata, event.payload});
  append.boundaries = boundaries;
  return append;
}

Result<const Aggregate*> Planner::aggregate_of(const Command& command) const {
  auto* aggregate = find_aggregate(aggregates_, command.aggregate);
  if (!aggregate) {
    std::string known;
    for (auto& a : aggregates_) known += (known.empty() ? "" : ", ") + a.name;
    return Error{ErrorCode::kInvalid, "aggregate.unknown", "there is no aggregate \"" + std::string(command.aggregate) + "\"", "",
                 "one of " + known};
  }
  if (!valid_id(command.id))
    return Error{ErrorCode::kInvalid, "stream.id_invalid", "an id is 1 to 200 bytes of UTF-8 without control characters"};
  return aggregate;
}

Hash Planner::request_of(const Command& command) const {
  capnp::FlatArrayMessageReader message(command.body, reading_limits(command.body));
  auto canonical = message.getRoot<capnp::AnyStruct>().canonicalize();
  std::string request;
  for (auto part : {command.aggregate, command.id, command.actor, command.reason_code, command.reason_text}) {
    request.append(part);
    request.push_back('\0');
  }
  auto time = command.occurred_at ? command.occurred_at->micros : 0;
  request.append(reinterpret_cast<const char*>(&time), sizeof time);
  request.push_back(command.as_fact ? 1 : 0);
  for (auto& tag : command.tags)
    if (!tag.starts_with(kTraceTag)) request.append(tag).push_back('\0');  // a client's second attempt is another span
  auto bytes = canonical.asPtr().asBytes();
  request.append(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  return keys_.keyed_digest("request", request);
}

// The rest of a stream is folded onto its state.
Result<std::uint64_t> Planner::fold_on(EventReader& reader, const std::string& stream, Snapshot& state) {
  auto& working = state.working;
  for (std::uint64_t folded = 0;; ++folded) {
    auto event = reader.next();
    if (!event) return std::move(event).error();
    if (!*event) return folded;
    switch (working.fold->apply((*event)->payload)) {
      case Applied::kYes: break;
      case Applied::kNewer:
        return Error{ErrorCode::kUnavailable, "stream.newer", stream + " holds an event that only a newer program knows", "", "",
                     "upgrade the program"};
      case Applied::kCorrupt:
        return Error{ErrorCode::kCorrupt, "stream.corrupt",
                     stream + " is damaged at position " + std::to_string((*event)->position.value), "", "", "run rapport verify"};
    }
    working.version = (*event)->version;
    state.leaf = (*event)->leaf;
    if (known((*event)->precision)) working.happened(kind_of(*working.aggregate, (*event)->payload), (*event)->occurred_at);
  }
}

Result<Working> Planner::load(const Aggregate& aggregate, const std::string& stream) const {
  Snapshot state{{&aggregate, aggregate.open(), {}}};
  std::unique_ptr<EventReader> reader;
  if (auto kept = snapshots_ ? snapshots_->find(stream) : std::nullopt)
    if (auto snapshot = decode(*kept, aggregate, stream, keys_)) {
      reader = store_.read({.stream = stream, .from_version = snapshot->working.version});
      auto last = reader->next();
      if (!last) return std::move(last).error();
      // Another event there, or none: the log was taken back since.
      if (*last && (*last)->version == snapshot->working.version && (*last)->leaf == snapshot->leaf) state = std::move(*snapshot);
      else reader.reset();
    }
  if (!reader) reader = store_.read({.stream = stream});
  auto folded = fold_on(*reader, stream, state);
  if (!folded) return std::move(folded).error();
  if (snapshots_ && *folded >= snapshots_->events_min()) snapshots_->keep(stream, encode(state, stream, keys_));
  return std::move(state.working);
}

Result<Planner::Time> Planner::time_of(const Aggregate& aggregate, const Command& command, const Policies& policies) const {
  auto now = clock_.now();
  capnp::FlatArrayMessageReader message(command.body, reading_limits(command.body));
  auto root = message.getRoot<capnp::DynamicStruct>(aggregate.command);
  KJ_IF_MAYBE(member, root.which())
    if (member->getProto().getName() == "correct") {
      auto target = root.get(*member).as<capnp::DynamicStruct>().get("target").as<EventId::Wire>();
      return target_time_of(EventId::read(target), command, now);
    }
  Time time{command.occurred_at.value_or(now), command.precision, now};
  if (!known(command.precision)) return time;
  if (time.at.micros > now.micros + kFutureMicrosMax)
    return Error{ErrorCode::kInvalid, "command.occurred_in_future", "occurredAt lies in the future", "/occurredAt",
                 "now, or earlier", "if it is a local time, say its offset from UTC"};
  if (command.as_fact || command.reason_code == kBackdate) return time;
  auto days_max = PolicyLookup(policies, date_of(now), false).house().backdate_days_max;
  if (latest(time.at, time.precision).micros < now.micros - days_max * kMicrosPerDay)
    return Error{ErrorCode::kRejected, "command.backdated_too_far",
                 "occurredAt lies more than " + std::to_string(days_max) + " days back",
                 "/occurredAt", "at most " + std::to_string(days_max) + " days back (policySet-house)",
                 "say why: --reason backdate[:TEXT], over HTTP the header Rapport-Reason"};
  return time;
}

// A correction counts from when its target counts. One whose time is unknown counts from its recording, so that is said
// outright: without it the correction would count from its own recording.
Result<Planner::Time> Planner::target_time_of(const EventId& target, const Command& command, Timestamp sent) const {
  Error unknown{ErrorCode::kInvalid, "command.target_unknown", to_text(target) + " is no event of this stream", "/target",
                "the id of an event of this stream"};
  auto position = store_.find(target);
  if (!position) return std::move(position).error();
  if (!*position) return unknown;
  auto reader = store_.read({.from = **position, .to = **position});  // the event borrows from it
  auto event = reader->next();
  if (!event) return std::move(event).error();
  if (!*event || (*event)->stream_type != command.aggregate || (*event)->stream_id != command.id) return unknown;
  auto precision = (*event)->precision == Precision::UNKNOWN ? Precision::INSTANT : (*event)->precision;
  return Time{(*event)->occurred_at, precision, sent, kj::heapArray((*event)->payload)};
}

// One plan in the making: the command, then what its events cause, breadth first.
class Planner::Making final : private Peers {
 public:
  Making(const Planner& planner, const Command& command, const Time& time, const Policies& policies, Workspace& workspace,
         EventBuffer& out)
      : planner_(planner), command_(command), time_(time), policies_(policies), workspace_(workspace), out_(out),
        reason_(Text(command.reason_code)) {}

  Result<Plan> make(const Aggregate& aggregate) {
    plan_.command = command_.command_id;
    plan_.request = planner_.request_of(command_);
    plan_.stream = stream_name(command_.aggregate, command_.id);
    if (auto done = decide(aggregate, command_.id, command_.body, std::nullopt); !done) return std::move(done).error();
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (i == kReactionsMax)
        return Error{ErrorCode::kInvalid, "command.too_many_reactions", "the command causes more than 1,000 others"};
      auto [cause, reaction] = std::move(pending_[i]);
      auto* target = find_aggregate(planner_.aggregates_, reaction.aggregate);
      RAPPORT_ASSERT(target);  // a decider named an aggregate that the catalogue lacks
      if (auto done = decide(*target, reaction.id, reaction.command, cause); !done) return std::move(done).error();
    }
    return std::move(plan_);
  }

 private:
  struct Pending {
    EventId cause;
    Reaction reaction;
  };

  Result<void> decide(const Aggregate& aggregate, std::string_view id, Words body, std::optional<EventId> cause) {
    auto stream = stream_name(aggregate.name, id);
    auto found = workspace_.edit(aggregate, stream);
    if (!found) return std::move(found).error();
    auto& working = **found;
    if (cause && working.version == StreamVersion{}) return {};  // nobody there to react
    auto before = working.version;
    see(stream, before);
    if (!cause) {
      plan_.version = before;
      if (command_.expected && *command_.expected != before)
        return Error{ErrorCode::kConflict, "stream.version_differs",
                     stream + " is at version " + std::to_string(before.value) + ", not " + std::to_string(command_.expected->value),
                     "", std::to_string(before.value), "load it again and decide anew"};
    }
    PolicyLookup lookup(policies_, date_of(time_.at), command_.as_fact);
    auto subject_key = aggregate.name == kDataSubject ? planner_.keys_.current_key(id) : Result<std::uint64_t>(0);
    if (!subject_key) return std::move(subject_key).error();
    Context context{.id = Text(id),
                    .now = time_.at,
                    .recorded = time_.sent,
                    .actor = Text(command_.actor),
                    .as_fact = command_.as_fact,
                    .policies = lookup,
                    .reason = reason_,
                    .target = time_.target,
                    .peers = this,
                    .subject_key = *subject_key};
    peers_of_ = &aggregate;
    auto emitted = out_.size();
    auto held = working.fold->claims();
    auto decision = working.fold->ask(body, context, out_);
    if (peer_error_) return std::move(*peer_error_);
    if (!decision.accepted()) return refusal(decision, aggregate.name, id, lookup);
    if (out_.size() == emitted) return {};
    auto first = plan_.events.size();
    for (auto end = out_.size(); emitted < end; ++emitted) {
      auto kind = kind_of(aggregate, out_[emitted]);
      if (auto checked = check_order(working, stream, kind, cause.has_value()); !checked) return checked;
      RAPPORT_ASSERT(working.fold->apply(out_[emitted]) == Applied::kYes);
      if (known(time_.precision)) working.happened(kind, time_.at);
      ++working.version.value;
      plan_.events.push_back({stream, type_of(aggregate, out_[emitted]), working.version, {}, out_[emitted]});
    }
    collect_reactions(*working.fold, context, first);
    tags_.assign(command_.tags.begin(), command_.tags.end());
    if (auto free = check_claims(aggregate, stream, held, working.fold->claims()); !free) return free;
    return write_events(aggregate, id, *working.fold, lookup, cause, first);
  }

  // Names that the stream holds now and did not hold before must be free; events that take or give back a name carry it as a tag.
  // A fact is stored whoever else holds the name.
  Result<void> check_claims(const Aggregate& aggregate, const std::string& stream, const std::vector<Claim>& before,
                            const std::vector<Claim>& after) {
    auto has = [](const std::vector<Claim>& claims, const std::string& name) { return std::ranges::find(claims, name, &Claim::name) != claims.end(); };
    for (auto& claim : after)
      if (!has(before, claim.name)) {
        auto tag = tag_of(claim);
        if (auto free = command_.as_fact ? Result<void>() : check_free(aggregate, stream, claim, tag); !free) return free;
        tags_.push_back(tag);
        plan_.claimed.emplace_back(std::move(tag), stream);
      }
    for (auto& claim : before)
      if (!has(after, claim.name)) {
        tags_.push_back(tag_of(claim));
        plan_.claimed.emplace_back(tags_.back(), stream);
      }
    return {};
  }

  // Nobody can tell the name from the tag.
  std::string tag_of(const Claim& claim) const {
    auto digest = planner_.keys_.keyed_digest("claim", claim.name);
    return "claim:" + to_hex(std::span(digest).first(16));
  }

  // The stream that took or gave the name back last is the only one that may hold it.
  Result<void> check_free(const Aggregate& aggregate, const std::string& stream, const Claim& claim, const std::string& tag) {
    Boundary boundary{Term::tag(tag), {}};
    auto reader = planner_.store_.read({.direction = Direction::kBackward, .filter = boundary.filter});
    auto last = reader->next();
    if (!last) return std::move(last).error();
    auto holder = workspace_.claimed_last(tag);
    if (*last) boundary.after = (*last)->position;
    if (*last && holder.empty()) holder = stream_name((*last)->stream_type, (*last)->stream_id);
    plan_.boundaries.push_back(std::move(boundary));
    if (holder.empty() || holder == stream) return {};
    auto other = workspace_.edit(aggregate, holder);
    if (!other) return std::move(other).error();
    see(holder, (*other)->version);
    auto theirs = (*other)->fold->claims();
    if (std::ranges::find(theirs, claim.name, &Claim::name) == theirs.end()) return {};
    std::string code(claim.taken.text), field(claim.field);
    return Error{ErrorCode::kRejected, code, stream + ": " + field + " is held by " + holder, "/" + field, "one that nobody holds",
                 "look at " + holder + " first: it may be the same one"};
  }

  // What a decision was made on must still hold when its events are stored, whether the stream gets any or not. Two reactions
  // may meet on one stream.
  void see(const std::string& stream, StreamVersion version) {
    if (std::ranges::find(plan_.seen, stream, &std::pair<std::string, StreamVersion>::first) == plan_.seen.end())
      plan_.seen.emplace_back(stream, version);
  }

  const Fold* find(std::string_view id) override {
    auto stream = stream_name(peers_of_->name, id);
    auto peer = workspace_.edit(*peers_of_, stream);
    if (!peer) {
      peer_error_ = std::move(peer).error();
      return nullptr;
    }
    see(stream, (*peer)->version);
    return (*peer)->version == StreamVersion{} ? nullptr : (*peer)->fold.get();
  }

  // A command dated back stays behind what happened of its kind. Reactions take their cause's time, whatever else their own
  // stream saw meanwhile: an order that is fulfilled late has earned its points all the same.
  Result<void> check_order(const Working& working, const std::string& stream, std::uint16_t kind, bool reaction) const {
    if (reaction || command_.as_fact || !command_.occurred_at || !known(time_.precision) || time_.target.size() > 0) return {};
    auto last = working.latest_of(kind);
    if (!last || latest(time_.at, time_.precision) >= *last) return {};
    return Error{ErrorCode::kRejected, "command.occurred_before_last",
                 stream + ": the same happened last on " + text_of(date_of(*last)) + ", after this occurredAt", "/occurredAt",
                 "not before the last event of its kind", "correct that event instead"};
  }

  void collect_reactions(const Fold& fold, Context context, std::size_t first) {
    Reactions reactions;
    for (std::size_t i = first; i < plan_.events.size(); ++i) {
      context.event = event_id(command_.command_id, static_cast<std::uint16_t>(i));
      fold.react(plan_.events[i].payload, context, reactions);
      for (auto& reaction : reactions.all()) pending_.push_back({context.event, std::move(reaction)});
      reactions.all().clear();
    }
  }

  Result<void> write_events(const Aggregate& aggregate, std::string_view id, const Fold& fold, const PolicyLookup& lookup,
                            std::optional<EventId> cause, std::size_t first) {
    std::optional<SubjectKeys::Key> key;
    for (std::size_t i = first; i < plan_.events.size(); ++i) {
      auto& event = plan_.events[i];
      bool personal = planner_.sealing_.is_personal(aggregate.event, event.payload);
      bool own_reason = !cause && !command_.reason_text.empty();
      if ((personal || own_reason) && !key) {
        auto subject = subject_of(aggregate, id, fold);
        auto made = planner_.keys_.key_for(subject.empty() ? event.stream : subject);
        if (!made) return std::move(made).error();
        key = *made;
      }
      if (personal) event.payload = planner_.sealing_.seal_event(aggregate.event, event.payload, *key, out_);
      event.metadata = out_.append<envelope::wire::Metadata>([&](auto to) {
        write_text(aggregate.name, to.initStreamType(static_cast<unsigned>(aggregate.name.size())));
        write_text(id, to.initStreamId(static_cast<unsigned>(id.size())));
        write_text(event.type, to.initType(static_cast<unsigned>(event.type.size())));
        to.setSchemaVersion(1);
        write_actor(to, cause);
        write_metadata(to, command_, time_.at, time_.precision, reason_.recorded());
        write_cause(to, cause);
        write_policies(to, lookup);
        to.setSubjectKeyId(personal || own_reason ? key->id : 0);
        write_tags(to);
        if (own_reason) {
          auto sealed = seal(*key, command_.reason_text);
          write_text(std::string_view(sealed), to.initReasonText(static_cast<unsigned>(sealed.size())));
        }
      });
    }
    return {};
  }

  // Texts about a data subject are the subject's own. But the words that an erasure is given for are the record of whoever erased,
  // so they stay, under a key of the stream's own.
  std::string subject_of(const Aggregate& aggregate, std::string_view id, const Fold& fold) const {
    if (aggregate.name != kDataSubject) return fold.subject();
    return erases(command_) ? std::string() : std::string(id);
  }

  // A reaction is the rules' doing, on behalf of whoever sent the command.
  void write_actor(envelope::wire::Metadata::Builder to, std::optional<EventId> cause) {
    constexpr std::string_view kRules = "rapport.rules";
    auto actor = cause ? kRules : command_.actor;
    write_text(actor, to.initActorId(static_cast<unsigned>(actor.size())));
    to.setActorKind(cause ? ActorKind::RULE : command_.actor_kind);
    if (cause) write_text(command_.actor, to.initOnBehalfOf(static_cast<unsigned>(command_.actor.size())));
  }

  void write_cause(envelope::wire::Metadata::Builder to, std::optional<EventId> cause) {
    if (!cause) cause = command_.causation;
    if (cause) cause->write(to.initCausation());
  }

  void write_tags(envelope::wire::Metadata::Builder to) const {
    if (tags_.empty()) return;
    auto list = to.initTags(static_cast<unsigned>(tags_.size()));
    for (unsigned i = 0; i < list.size(); ++i) write_text(tags_[i], list.init(i, static_cast<unsigned>(tags_[i].size())));
  }

  static void write_policies(envelope::wire::Metadata::Builder to, const PolicyLookup& lookup) {
    auto& used = lookup.used();
    if (used.empty()) return;
    auto list = to.initPolicies(static_cast<unsigned>(used.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list[i].setId(used[i].id);
      list[i].setVersion(used[i].version);
    }
  }

  const Planner& planner_;
  const Command& command_;
  const Time& time_;
  const Policies& policies_;
  Workspace& workspace_;
  EventBuffer& out_;
  GivenReason reason_;
  const Aggregate* peers_of_ = nullptr;
  std::optional<Error> peer_error_;
  std::vector<std::string> tags_;  // of the events of the decision under way
  Plan plan_;
  std::vector<Pending> pending_;
};

Result<Plan> Planner::plan(const Aggregate& aggregate, const Command& command, const Policies& policies, Workspace& workspace,
                           EventBuffer& out) const try {
  auto time = time_of(aggregate, command, policies);
  if (!time) return std::move(time).error();
  return Making(*this, command, *time, policies, workspace, out).make(aggregate);
} catch (const kj::Exception& exception) {  // the command's bytes; its fields were checked, its pointers are not until now
  return Error{ErrorCode::kInvalid, "command.malformed", exception.getDescription().cStr()};
}

}  // namespace rapport
