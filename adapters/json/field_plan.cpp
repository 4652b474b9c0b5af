#include "adapters/json/field_plan.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "domain/result.h"
#include "domain/schema/catalogue.capnp.h"
#include "domain/schema/common.capnp.h"
#include "domain/schema_comments.h"

namespace rapport {
namespace {

using capnp::EnumSchema;
using capnp::StructSchema;
using Annotations = capnp::List<capnp::schema::Annotation>::Reader;

// The annotations of common.capnp by their ids.
constexpr std::uint64_t kPersonal = 0xb1f0c0de0000a001;
constexpr std::uint64_t kTimestampMark = 0xb1f0c0de0000a002;
constexpr std::uint64_t kDateMark = 0xb1f0c0de0000a003;
constexpr std::uint64_t kMaxLength = 0xb1f0c0de0000a004;
constexpr std::uint64_t kOptionalMark = 0xb1f0c0de0000a005;
constexpr std::uint64_t kCurrencyMark = 0xb1f0c0de0000a007;
constexpr std::uint64_t kFacet = 0xb1f0c0de0000a008;
constexpr std::uint64_t kTitle = 0xb1f0c0de0000a009;

constexpr std::size_t kFieldsMax =
    64;  // of a struct; read_json keeps an array of that size on its stack

bool has(Annotations all, std::uint64_t id) {
  for (auto a : all)
    if (a.getId() == id) return true;
  return false;
}
std::string text_of(Annotations all, std::uint64_t id) {
  for (auto a : all)
    if (a.getId() == id) return a.getValue().getText().cStr();
  return {};
}
// $title, else the comment in the schema.
std::string title_of(Annotations marks, std::string_view comment) {
  auto title = text_of(marks, kTitle);
  return title.empty() ? std::string(comment) : title;
}
std::uint32_t number_of(Annotations all, std::uint64_t id) {
  for (auto a : all)
    if (a.getId() == id) return a.getValue().getUint32();
  return 0;
}

// By convention of the schemas: accountId, reasonCode, messageRef, toStage.
bool names_something(std::string_view name) {
  auto ends = [&](std::string_view tail) { return name.ends_with(tail); };
  return name == "id" || ends("Id") || ends("Code") || ends("Ref") || ends("Stage");
}

FieldKind scalar_kind(capnp::Type type, Annotations marks) {
  using Which = capnp::schema::Type;
  switch (type.which()) {
    case Which::VOID:
      return FieldKind::kVoid;
    case Which::BOOL:
      return FieldKind::kBool;
    case Which::INT8:
      return FieldKind::kInt8;
    case Which::INT16:
      return FieldKind::kInt16;
    case Which::INT32:
      return has(marks, kDateMark) ? FieldKind::kDate : FieldKind::kInt32;
    case Which::INT64:
      return has(marks, kTimestampMark) ? FieldKind::kTimestamp : FieldKind::kInt64;
    case Which::UINT8:
      return FieldKind::kUInt8;
    case Which::UINT16:
      return FieldKind::kUInt16;
    case Which::UINT32:
      return has(marks, kCurrencyMark) ? FieldKind::kCurrency : FieldKind::kUInt32;
    case Which::UINT64:
      return FieldKind::kUInt64;
    case Which::ENUM:
      return FieldKind::kEnum;
    case Which::TEXT:
      return FieldKind::kText;
    case Which::DATA:
      return FieldKind::kData;
    case Which::LIST:
      return FieldKind::kList;
    case Which::STRUCT:
      return FieldKind::kStruct;
    default:
      RAPPORT_ASSERT(false);  // floats, interfaces, AnyPointer: no schema of ours has them
  }
  std::abort();
}

// All plans made so far. Plans never move or die, so readers hold plain references.
class Registry {
 public:
  const StructPlan& plan(StructSchema schema) {
    auto id = schema.getProto().getId();
    {
      std::shared_lock lock(mutex_);
      if (auto found = structs_.find(id); found != structs_.end()) return *found->second;
    }
    std::unique_lock lock(mutex_);
    return make(schema);
  }

 private:
  StructPlan& make(StructSchema schema);
  FieldPlan field(StructSchema::Field field);
  ValuePlan value(capnp::Type type, Annotations marks);
  const std::vector<std::string>& enumerants(EnumSchema schema);

  std::shared_mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<StructPlan>> structs_;              // guarded by mutex_
  std::map<std::uint64_t, std::unique_ptr<std::vector<std::string>>> enums_;  // guarded by mutex_
};

StructPlan& Registry::make(StructSchema schema) {
  auto& made = structs_[schema.getProto().getId()];
  if (made) return *made;
  made = std::make_unique<StructPlan>();  // before its fields, which may lead back here
  auto& plan = *made;
  auto proto = schema.getProto();
  plan.name = schema.getShortDisplayName().cStr();
  plan.title = title_of(proto.getAnnotations(), schema_comment(proto.getId()));
  plan.schema = schema;
  plan.data_words = proto.getStruct().getDataWordCount();
  plan.pointers = proto.getStruct().getPointerCount();
  RAPPORT_ASSERT(proto.getStruct().getDiscriminantCount() == 0);
  RAPPORT_ASSERT(schema.getFields().size() <= kFieldsMax);
  for (auto f : schema.getFields()) plan.fields.push_back(field(f));
  return plan;
}

FieldPlan Registry::field(StructSchema::Field field) {
  auto proto = field.getProto();
  FieldPlan plan;
  plan.name = proto.getName().cStr();
  plan.key.append(1, '"').append(plan.name).append("\":");
  plan.title = title_of(proto.getAnnotations(), schema_comment(field.getContainingStruct().getProto().getId(),
                                                               static_cast<int>(field.getIndex())));
  auto slot = field;
  if (proto.isGroup()) {
    auto group = field.getType().asStruct();
    auto value_field = group.getFieldByName("value");
    RAPPORT_ASSERT(group.getFields().size() == 2);
    RAPPORT_ASSERT(group.getFieldByName("unknown").getProto().getDiscriminantValue() == 0);
    plan.presence = Presence::kGroup;
    plan.union_offset = group.getProto().getStruct().getDiscriminantOffset();
    plan.value_ordinal = value_field.getProto().getDiscriminantValue();
    slot = value_field;
  }
  auto slot_proto = slot.getProto();
  auto marks = slot_proto.getAnnotations();
  RAPPORT_ASSERT(!slot_proto.getSlot().getHadExplicitDefault());  // values are read without one
  if (has(marks, kOptionalMark)) plan.presence = Presence::kOptional;
  plan.offset = slot_proto.getSlot().getOffset();
  plan.value = value(slot.getType(), marks);
  if (plan.value.kind == FieldKind::kList)
    plan.element = value(slot.getType().asList().getElementType(), {});
  plan.personal = has(marks, kPersonal);
  plan.max_length = number_of(marks, kMaxLength);
  plan.identifier =
      plan.value.kind == FieldKind::kText && !plan.personal && names_something(plan.name);
  return plan;
}

ValuePlan Registry::value(capnp::Type type, Annotations marks) {
  ValuePlan plan;
  plan.kind = scalar_kind(type, marks);
  if (plan.kind == FieldKind::kEnum) plan.names = &enumerants(type.asEnum());
  if (plan.kind == FieldKind::kStruct) {
    plan.type = &make(type.asStruct());
    if (type.asStruct().getProto().getId() == capnp::typeId<wire::EventId>())
      plan.kind = FieldKind::kEventId;
  }
  return plan;
}

const std::vector<std::string>& Registry::enumerants(EnumSchema schema) {
  auto& made = enums_[schema.getProto().getId()];
  if (!made) {
    made = std::make_unique<std::vector<std::string>>();
    for (auto e : schema.getEnumerants()) made->push_back(e.getProto().getName().cStr());
  }
  return *made;
}

UnionPlan union_plan(StructSchema schema, const std::string& aggregate) {
  UnionPlan plan;
  plan.schema = schema;
  auto proto = schema.getProto().getStruct();
  plan.data_words = proto.getDataWordCount();
  plan.pointers = proto.getPointerCount();
  plan.union_offset = proto.getDiscriminantOffset();
  for (auto field : schema.getUnionFields()) {
    auto member = field.getProto();
    if (member.getDiscriminantValue() == 0) continue;  // `unspecified`
    std::string name = member.getName().cStr();
    plan.members.push_back({name, aggregate + '.' + name, member.getDiscriminantValue(),
                            member.getSlot().getOffset(), text_of(member.getAnnotations(), kFacet),
                            &plan_of(field.getType().asStruct())});
  }
  return plan;
}

std::vector<AggregatePlan> make_aggregate_plans() {
  std::vector<AggregatePlan> plans;
  auto commands = capnp::Schema::from<catalogue::wire::Command>();
  auto events = capnp::Schema::from<catalogue::wire::Event>();
  for (auto field : commands.getUnionFields()) {
    if (field.getProto().getDiscriminantValue() == 0) continue;
    std::string name = field.getProto().getName().cStr();
    plans.push_back({name, union_plan(field.getType().asStruct(), name),
                     union_plan(events.getFieldByName(name.c_str()).getType().asStruct(), name)});
  }
  return plans;
}

}  // namespace

const FieldPlan* StructPlan::find(std::string_view field) const {
  auto found = std::ranges::find(fields, field, &FieldPlan::name);
  return found == fields.end() ? nullptr : &*found;
}

const MemberPlan* UnionPlan::find(std::string_view name) const {
  auto found = std::ranges::find(members, name, &MemberPlan::name);
  return found == members.end() ? nullptr : &*found;
}

const MemberPlan* UnionPlan::at(std::uint16_t ordinal) const {
  // Ordinals are dense from 1 in a schema that is only ever added to; the search is for one that is
  // not.
  if (ordinal >= 1 && ordinal <= members.size() && members[ordinal - 1U].ordinal == ordinal)
    return &members[ordinal - 1U];
  auto found = std::ranges::find(members, ordinal, &MemberPlan::ordinal);
  return found == members.end() ? nullptr : &*found;
}

const StructPlan& plan_of(capnp::StructSchema schema) {
  static Registry registry;
  return registry.plan(schema);
}

const std::vector<AggregatePlan>& aggregate_plans() {
  static const std::vector<AggregatePlan> plans = make_aggregate_plans();
  return plans;
}

const AggregatePlan* find_aggregate(std::string_view name) {
  auto& all = aggregate_plans();
  auto found = std::ranges::find(all, name, &AggregatePlan::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace rapport
