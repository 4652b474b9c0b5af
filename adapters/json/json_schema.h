// JSON Schema (draft 2020-12) of every command and event, and the catalogue's listing: all from the
// .capnp files.
#pragma once
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport {

struct StructPlan;

// What `read_command` takes and `append_member` writes of one struct; in an event every member is
// there and may be null. With limits ("maxLength" is in characters, so the bytes stand in
// "x-maxBytes" beside it), formats, enumerants.
enum class SchemaSide : std::uint8_t { kCommand, kEvent };
std::string json_schema(const StructPlan& plan, std::string_view title, SchemaSide side);

// `schema` (all), `schema events`, `schema commands`:
// [{"aggregate":…,"name":…,"type":"opportunity.won","kind":"event",
// "fields":[names],"personal":[names],"facet":…}]. `schema opportunity.won`, `schema
// opportunity.win`: its JSON Schema. `schema opportunity`: the aggregate's part of the listing.
// kNotFound "schema.unknown" with the nearest name.
Result<std::string> schema_text(std::string_view what);

}  // namespace rapport
