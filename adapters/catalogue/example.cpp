#include "adapters/catalogue/example.h"

#include <algorithm>
#include <utility>

#include "adapters/json/field_plan.h"
#include "adapters/json/json_schema.h"

namespace rapport::catalogue {
namespace {

constexpr const char* kCommand = "0190b1c2-7a10-7000-8000-000000000001";

// Of texts, by the field's name or how that ends; two values, for what changed from one to the other.
struct Texts {
  std::string_view ending;
  const char *before, *after;
};
constexpr Texts kTexts[] = {
    {"accountId", "A-4711", "A-4712"},
    {"ownerId", "anna", "ben"},
    {"OwnerId", "anna", "ben"},
    {"approverId", "chen", "chen"},
    {"teamId", "north", "south"},
    {"managerId", "chen", "dana"},
    {"productId", "P-100", "P-200"},
    {"contactId", "C-17", "C-18"},
    {"orderId", "O-2001", "O-2002"},
    {"opportunityId", "D-2", "D-3"},
    {"memberId", "4711", "4712"},
    {"programId", "stars", "stars"},
    {"pipelineId", "deals", "deals"},
    {"stageId", "proposal", "closing"},
    {"Stage", "proposal", "closing"},
    {"from", "proposal", "closing"},
    {"to", "closing", "proposal"},
    {"txnId", "O-2001", "O-2001-back"},
    {"TxnId", "O-2001", "O-2000"},
    {"lotId", "O-2001", "O-2000"},
    {"reasonCode", "price", "price"},
    {"resolutionCode", "answered", "answered"},
    {"regionCode", "DE-BE", "DE-HH"},
    {"currency", "EUR", "CHF"},
    {"locale", "de-DE", "de-CH"},
    {"industry", "machinery", "energy"},
    {"registrationNumber", "HRB 12345", "HRB 54321"},
    {"name", "Grün Maschinenbau", "Grün Maschinenbau GmbH"},
    {"label", "Proposal", "Closing"},
    {"competitor", "Globex", "Initech"},
    {"subject", "Delivery is late", "Delivery is late"},
    {"text", "We spoke on the phone.", "We spoke on the phone."},
    {"evidence", "form of 31 March", "form of 31 March"},
    {"note", "entered twice", "entered once"},
    {"purpose", "newsletter", "newsletter"},
    {"channel", "email", "phone"},
    {"textVersion", "3", "4"},
    {"office", "Berlin", "Hamburg"},
    {"group", "first line", "second line"},
    {"Group", "second line", "first line"},
    {"assignee", "dana", "eve"},
    {"Assignee", "eve", "dana"},
    {"category", "delivery", "billing"},
    {"mapping", "deals", "deals"},
    {"view", "pipeline", "pipeline"},
    {"tier", "gold", "gold"},
    {"cardNo", "7000 1234", "7000 4321"},
    {"url", "https://example.com/events", "https://example.com/crm"},
    {"match", "type=opportunity.won", "category=case"},
    {"description", "to the billing system", "to the support desk"},
    {"detail", "the receiver answered 410", "the receiver answered 410"},
    {"old", "silver", "silver"},
    {"new", "gold", "gold"},
};
constexpr std::string_view kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

struct Numbers {
  std::string_view ending;
  std::int64_t before, after;
};
constexpr Numbers kNumbers[] = {
    {"amountMinor", 1'200'000, 1'500'000}, {"totalMinor", 511, 511},   {"amount", 2555, 2555},         {"scale", 3, 3},
    {"probabilityBp", 5000, 8000},         {"discountBp", 0, 0},       {"qtyMilli", 2000, 1000},       {"points", 120, 120},
    {"debt", 0, 0},                        {"debtPaid", 0, 0},         {"qualifyingPoints", 5000, 5000}, {"targetSeconds", 14'400, 14'400},
    {"elapsedSeconds", 3'600, 3'600},      {"line", 1, 2},             {"bytes", 48'213, 48'213},      {"rows", 1000, 1000},
    {"accepted", 990, 990},                {"rejected", 4, 4},         {"already", 6, 6},              {"compensated", 990, 990},
    {"left", 0, 0},                        {"from", 1, 1},             {"to", 2, 2},                   {"position", 1234, 1234},
    {"Days", 365, 365},
};

class Maker {
 public:
  Json object(const StructPlan& plan) {
    Json made = Json::object();
    bool body = false;  // of several bodies an event has one
    for (auto& field : plan.fields) {
      auto is_body = field.value.kind == FieldKind::kStruct && field.value.type->name.ends_with("Body");
      auto whole_before = std::exchange(after_, after_ || field.name == "new");
      made[field.name] = is_body && std::exchange(body, true) ? Json() : value(field, field.value);
      after_ = whole_before;
    }
    return made;
  }

 private:
  Json value(const FieldPlan& field, const ValuePlan& plan) {
    switch (plan.kind) {
      case FieldKind::kVoid:
        return nullptr;
      case FieldKind::kBool:
        return true;
      case FieldKind::kEnum:
        return (*plan.names)[std::min<std::size_t>(after_ ? 2 : 1, plan.names->size() - 1)];
      case FieldKind::kDate:
        return after_ ? "2026-06-30" : "2026-03-31";
      case FieldKind::kTimestamp:
        return "2026-03-31T09:30:00Z";
      case FieldKind::kCurrency:
        return "EUR";
      case FieldKind::kText:
        return text(field);
      case FieldKind::kData:
        return "AAECAwQFBgcICQoLDA0ODw==";
      case FieldKind::kEventId:
        return std::string(kCommand) + ".0";
      case FieldKind::kStruct:
        return object(*plan.type);
      case FieldKind::kList:
        return Json::array({value(field, field.element)});
      default:
        return number(field);
    }
  }

  std::string text(const FieldPlan& field) const {
    std::string made = after_ ? "other" : "some";
    if (field.name.ends_with("ha256") || field.name.ends_with("igest")) made = kHash;
    for (auto& row : kTexts) {
      if (!field.name.ends_with(row.ending)) continue;
      made = after_ ? row.after : row.before;
      break;
    }
    if (field.max_length != 0 && made.size() > field.max_length) made.resize(field.max_length);
    return made;
  }

  std::int64_t number(const FieldPlan& field) const {
    for (auto& row : kNumbers)
      if (field.name.ends_with(row.ending)) return after_ ? row.after : row.before;
    return 1;
  }

  bool after_ = false;  // below a field named `new`
};

}  // namespace

Example example_of(const AggregatePlan& aggregate, const MemberPlan& event) {
  Example made;
  made.key = aggregate.name + "-4711";
  const auto id = std::string(kCommand) + ".0";
  made.headers = {{"ce_specversion", "1.0"},
                  {"ce_id", id},
                  {"ce_source", "rapport/0190b1c2-7a10-7000-8000-00000000000a"},
                  {"ce_type", event.type},
                  {"ce_time", "2026-03-31T09:30:00Z"},
                  {"ce_subject", made.key},
                  {"ce_dataschema", schema_urn(event.type, kSchemaVersion)},
                  {"ce_sequence", "1234"},
                  {"ce_partitionkey", made.key},
                  {"ce_streamversion", "2"},
                  {"content-type", "application/json"},
                  {"id", id},
                  {"eventType", event.type},
                  {"rapport-prev", "1228"}};
  made.value = Maker().object(*event.plan);
  return made;
}

}  // namespace rapport::catalogue
