#include "adapters/import/engine/policies.h"

#include <capnp/serialize.h>

#include "adapters/import/engine/command_writer.h"
#include "adapters/json/write_json.h"
#include "domain/reading.h"
#include "domain/schema/policy_set.values.h"

namespace rapport::import {

namespace {

class NoLookups final : public LookupTables {
 public:
  Result<bool> find(std::size_t, const std::string&, std::size_t, Value&) override { return false; }
};

// The body of a publish command, or of a published event, without its version: comparable text.
template <class Body>
Result<std::string> canonical_body(typename Body::Reader body, std::int32_t effective_from) {
  std::string out = std::to_string(effective_from);
  const auto& plan = plan_of<Body>();
  capnp::AnyStruct::Reader any(body);
  for (const auto& field : plan.fields) {
    if (field.value.kind != FieldKind::kStruct) continue;
    auto pointer = any.getPointerSection()[field.offset];
    if (pointer.isNull()) continue;
    out += field.key;
    auto written =
        append_struct(*field.value.type, pointer.template getAs<capnp::AnyStruct>(), nullptr, out);
    if (!written) return written.error();
  }
  return out;
}

Result<std::string> canonical_command(Words body, std::int32_t effective_from) {
  capnp::FlatArrayMessageReader message(body, reading_limits(body));
  return canonical_body<policy_set::wire::Publish>(
      message.getRoot<policy_set::wire::Command>().getPublish(), effective_from);
}

struct PolicyInLog {
  std::string body = {};         // empty: none
  StreamVersion taken_back = {};  // by a revert, when the stream was at this version
};
Result<PolicyInLog> policy_in_log(const EventStore& store, const std::string& stream) {
  ReadQuery query;
  query.stream = stream;
  query.direction = Direction::kBackward;
  auto reader = store.read(query);
  for (;;) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) return PolicyInLog();
    capnp::FlatArrayMessageReader message((*event)->payload, reading_limits((*event)->payload));
    auto root = message.getRoot<policy_set::wire::Event>();
    if (root.isRevoked()) return PolicyInLog{.taken_back = (*event)->version};
    if (!root.isPublished()) continue;
    auto body = canonical_body<policy_set::wire::Published>(
        root.getPublished(), root.getPublished().getEffectiveFrom());
    if (!body) return body.error();
    return PolicyInLog{.body = std::move(*body)};
  }
}

}  // namespace

Result<void> check_policies(RunState& run, std::vector<PolicyToPublish>& to_publish) {
  Table none;
  NoLookups lookups;
  RowReader reader(none, lookups, {});
  CommandWriter writer(reader);
  Row row;
  for (const auto& step : run.plan.policies) {
    bool empty = false;
    auto wrong = writer.write(step.command, {&row, 1}, &row, nullptr, empty);
    RAPPORT_ASSERT(!wrong);  // constants were checked when the mapping was compiled
    auto wanted = canonical_command(writer.message(), step.effective_from);
    if (!wanted) return wanted.error();
    auto there = policy_in_log(run.store, stream_name("policySet", step.id));
    if (!there) return there.error();
    if (there->body == *wanted) continue;
    if (!there->body.empty()) {
      return Error{ErrorCode::kInvalid,
                   "import.policy_differs",
                   run.plan.file + " " + step.place + ": policy \"" + step.id +
                       "\" is in the log with another body or day",
                   step.place,
                   {},
                   "publish the new version by a command and take it out of the mapping, or give "
                   "it another id"};
    }
    PolicyToPublish one{.step = &step,
                        .body = kj::heapArray(writer.message()),
                        .command = run.ids.policy(step.id, *wanted, there->taken_back)};
    to_publish.push_back(std::move(one));
  }
  return {};
}

Result<void> publish_policies(RunState& run, const std::vector<PolicyToPublish>& to_publish) {
  for (const auto& policy : to_publish) {
    Command command{.aggregate = "policySet",
                    .id = policy.step->id,
                    .body = policy.body,
                    .command_id = policy.command};
    command.occurred_at = Timestamp{std::int64_t{policy.step->effective_from} * kMicrosPerDay};
    command.precision = rapport::Precision::DATE;
    command.actor = "import";
    command.actor_kind = ActorKind::IMPORT;
    command.as_fact = true;
    command.correlation = run.start;
    command.causation = event_id(run.start, 0);
    command.source = {
        .channel = "import", .client = run.plan.name, .file = {}, .line = 0, .row_hash = {}};
    auto decided = run.sink.decide(command);
    if (!decided) {
      run.sink.drop();
      auto error = decided.error();
      error.message = run.plan.file + " " + policy.step->place + ": " + error.message;
      return error;
    }
    run.sink.keep();
  }
  return {};
}

}  // namespace rapport::import
