// The catalogue of what is published: JSON Schemas of events and of their records' headers, one AsyncAPI document of all
// channels, and pages for people. All of it is made from the schemas in domain/schema, so nothing here can be out of date.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport::catalogue {

// A document by its name:
//   asyncapi                                AsyncAPI 3.0: topics, messages, examples
//   opportunity.won.headers                 JSON Schema of the headers of the event's record
//   urn:rapport:schema:opportunity.won:1    JSON Schema of its value: what ce_dataschema names
//   what else schema_text() knows           listings, opportunity.won, opportunity.win
// kNotFound "schema.unknown" with a hint.
Result<std::string> document(std::string_view name);

struct Written {
  std::size_t events = 0;
  std::size_t files = 0;
};
// Writes asyncapi.json, schemas/TYPE.json and schemas/TYPE.headers.json of every event, index.html and one page for each
// aggregate. Makes the folder; files of the same name are replaced. kUnavailable "catalogue.unwritable".
Result<Written> write(const std::filesystem::path& folder);

}  // namespace rapport::catalogue
