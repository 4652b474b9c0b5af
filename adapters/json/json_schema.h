// JSON Schema (draft 2020-12) of every command and event, and the catalogue's listing: all from the
// .capnp files.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport {

struct FieldPlan;
struct StructPlan;

// The version of every event's schema so far; adding to a schema leaves it.
inline constexpr std::uint16_t kSchemaVersion = 1;
inline constexpr const char* kEventIdPattern =
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\.[0-9]+$";

// The name of an event's schema, "urn:rapport:schema:opportunity.won:1": its "$id", and ce_dataschema of its records.
std::string schema_urn(std::string_view type, std::uint16_t version);

// In what a number is counted, by its field's name: "basis points: 10000 = 100 %". Empty: by nothing but itself.
std::string_view unit_of(const FieldPlan& field);

// What `read_command` takes and `append_member` writes of one struct. In an event every member that its
// schema had when it was published is there; what is optional may be null, or missing in a record from before it came. With limits ("maxLength" is in characters, so the bytes stand in
// "x-maxBytes" beside it), formats, enumerants, units ("x-unit"), and what the schema's comments say.
// An event's has its urn as "$id".
enum class SchemaSide : std::uint8_t { kCommand, kEvent };
std::string json_schema(const StructPlan& plan, std::string_view title, SchemaSide side);

// `schema` (all), `schema events`, `schema commands`:
// [{"aggregate":…,"name":…,"type":"opportunity.won","kind":"event",
// "fields":[names],"personal":[names],"facet":…}]. `schema opportunity.won`, `schema
// opportunity.win`: its JSON Schema. `schema opportunity`: the aggregate's part of the listing.
// kNotFound "schema.unknown" with the nearest name.
Result<std::string> schema_text(std::string_view what);

}  // namespace rapport
