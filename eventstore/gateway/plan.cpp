#include "eventstore/gateway/plan.h"

#include <capnp/dynamic.h>

#include <algorithm>

namespace rapport {
namespace {

constexpr std::int64_t kFutureMicrosMax = 300 * kMicrosPerSecond;  // what clocks of callers may run ahead
constexpr std::size_t kReactionsMax = 1'000;                       // of one command, reactions to reactions included

bool valid_id(std::string_view id) {
  return !id.empty() && id.size() <= kStreamIdBytesMax &&
         std::ranges::none_of(id, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// "opportunity.not_open" about opportunity 17 reads: opportunity 17: not open.
Error refusal(const Decision& decision, std::string_view aggregate, std::string_view id) {
  std::string code(decision.code());
  std::string words = code.substr(code.find('.') + 1);
  std::ranges::replace(words, '_', ' ');
  auto kind = code.starts_with("command.") ? ErrorCode::kInvalid : ErrorCode::kRejected;
  std::string field = decision.field().empty() ? "" : "/" + std::string(decision.field());
  return {kind, code, std::string(aggregate) + " " + std::string(id) + ": " + words, field};
}

void write_metadata(envelope::wire::Metadata::Builder to, const Command& command, Timestamp at, Precision precision) {
  to.setOccurredAt(precision == Precision::UNKNOWN || precision == Precision::ALWAYS ? 0 : at.micros);
  to.setOccurredPrecision(precision);
  to.setAsFact(command.as_fact);
  auto correlation = command.correlation.value_or(command.command_id);
  to.setCorrelationHigh(correlation.high());
  to.setCorrelationLow(correlation.low());
  if (!command.reason_code.empty()) write_text(command.reason_code, to.initReasonCode(static_cast<unsigned>(command.reason_code.size())));
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
  for (auto& [name, before] : touched) append.conditions.push_back({name, before});
  for (auto& event : events) append.events.push_back({event.stream, event.metadata, event.payload});
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
  capnp::FlatArrayMessageReader message(command.body, kReadWhole);
  auto canonical = message.getRoot<capnp::AnyStruct>().canonicalize();
  std::string request;
  for (auto part : {command.aggregate, command.id, command.actor, command.reason_code, command.reason_text}) {
    request.append(part);
    request.push_back('\0');
  }
  auto time = command.occurred_at ? command.occurred_at->micros : 0;
  request.append(reinterpret_cast<const char*>(&time), sizeof time);
  request.push_back(command.as_fact ? 1 : 0);
  auto bytes = canonical.asPtr().asBytes();
  request.append(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  return keys_.keyed_digest("request", request);
}

Result<Working> Planner::load(const Aggregate& aggregate, const std::string& stream) const {
  Working working{&aggregate, aggregate.open(), {}};
  auto reader = store_.read({.stream = stream});
  for (;;) {
    auto event = reader->next();
    if (!event) return std::move(event).error();
    if (!*event) return working;
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
  }
}

Result<Planner::Time> Planner::time_of(const Aggregate& aggregate, const Command& command) const {
  auto now = clock_.now();
  Time time{command.occurred_at.value_or(now), command.precision};
  if (!command.as_fact && time.at.micros > now.micros + kFutureMicrosMax)
    return Error{ErrorCode::kInvalid, "command.occurred_in_future", "occurredAt lies in the future", "/occurredAt"};
  capnp::FlatArrayMessageReader message(command.body, kReadWhole);
  auto root = message.getRoot<capnp::DynamicStruct>(aggregate.command);
  KJ_IF_MAYBE(member, root.which()) {
    if (member->getProto().getName() != "correct") return time;
    auto target = EventId::read(root.get(*member).as<capnp::DynamicStruct>().get("target").as<EventId::Wire>());
    Error unknown{ErrorCode::kInvalid, "command.target_unknown", to_text(target) + " is no event of this stream", "/target",
                  "the id of an event of this stream"};
    auto position = store_.find(target);
    if (!position) return std::move(position).error();
    if (!*position) return unknown;
    auto event = store_.read({.from = **position, .to = **position})->next();
    if (!event) return std::move(event).error();
    if (!*event || (*event)->stream_type != command.aggregate || (*event)->stream_id != command.id) return unknown;
    return Time{(*event)->occurred_at, (*event)->precision};
  }
  return time;
}

// One plan in the making: the command, then what its events cause, breadth first.
class Planner::Making {
 public:
  Making(const Planner& planner, const Command& command, Time time, const Policies& policies, Workspace& workspace,
         EventBuffer& out)
      : planner_(planner), command_(command), time_(time), policies_(policies), workspace_(workspace), out_(out) {}

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
    auto working = workspace_.edit(aggregate, stream);
    if (!working) return std::move(working).error();
    auto& [type, fold, version] = **working;
    if (cause && version == StreamVersion{}) return {};  // nobody there to react
    auto before = version;
    if (!cause) {
      plan_.version = before;
      if (command_.expected && *command_.expected != before)
        return Error{ErrorCode::kConflict, "stream.version_differs",
                     stream + " is at version " + std::to_string(before.value) + ", not " + std::to_string(command_.expected->value),
                     "", std::to_string(before.value), "load it again and decide anew"};
    }
    PolicyLookup lookup(policies_, date_of(time_.at), command_.as_fact);
    Context context{.id = Text(id), .now = time_.at, .as_fact = command_.as_fact, .policies = lookup};
    auto emitted = out_.size();
    if (auto decision = fold->ask(body, context, out_); !decision.accepted()) return refusal(decision, aggregate.name, id);
    if (out_.size() == emitted) return {};
    bool first_touch = std::ranges::find(plan_.touched, stream, &std::pair<std::string, StreamVersion>::first) == plan_.touched.end();
    if (first_touch) plan_.touched.emplace_back(stream, before);  // two reactions may meet on one stream
    auto first = plan_.events.size();
    for (auto end = out_.size(); emitted < end; ++emitted) {
      RAPPORT_ASSERT(fold->apply(out_[emitted]) == Applied::kYes);
      ++version.value;
      plan_.events.push_back({stream, type_of(aggregate, out_[emitted]), version, {}, out_[emitted]});
    }
    collect_reactions(*fold, context, first);
    return write_events(aggregate, id, *fold, lookup, cause, first);
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
        auto subject = fold.subject();
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
        write_metadata(to, command_, time_.at, time_.precision);
        write_cause(to, cause);
        write_policies(to, lookup);
        to.setSubjectKeyId(personal || own_reason ? key->id : 0);
        if (own_reason) {
          auto sealed = seal(*key, command_.reason_text);
          write_text(std::string_view(sealed), to.initReasonText(static_cast<unsigned>(sealed.size())));
        }
      });
    }
    return {};
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
  const Time time_;
  const Policies& policies_;
  Workspace& workspace_;
  EventBuffer& out_;
  Plan plan_;
  std::vector<Pending> pending_;
};

Result<Plan> Planner::plan(const Aggregate& aggregate, const Command& command, const Policies& policies, Workspace& workspace,
                           EventBuffer& out) const try {
  auto time = time_of(aggregate, command);
  if (!time) return std::move(time).error();
  return Making(*this, command, *time, policies, workspace, out).make(aggregate);
} catch (const kj::Exception& exception) {  // the command's bytes; its fields were checked, its pointers are not until now
  return Error{ErrorCode::kInvalid, "command.malformed", exception.getDescription().cStr()};
}

}  // namespace rapport
