// JSON to Cap'n Proto by the schema, strictly: whatever a struct does not say is refused, with the
// place of the mistake.
//
// An Error's `field` is a JSON pointer ("/lines/0/qtyMilli", "" = the whole text), `expected` what
// it would have had to be. Reasons, after the prefix "command.":
//   malformed          no JSON, or more than one value
//   bad_utf8           no UTF-8, or half of a surrogate pair
//   too_large, too_deep, duplicate_field
//   unknown_aggregate, unknown_command (kNotFound)
//   unknown_field      with the nearest name as hint
//   missing            also a required field that is null
//   type               text for a number, 1.0 for an integer, …
//   out_of_range       of the integer's type
//   unknown_value      no such enumerant, `unspecified` included
//   too_long           a text's bytes, a list's elements
//   control_character  in an identifier
//   bad_date, bad_time, bad_currency, bad_event_id, bad_base64
// A field that is absent or null is a null pointer, or `unknown`. All functions are safe for
// concurrent use.
#pragma once
#include <capnp/common.h>
#include <capnp/dynamic.h>
#include <kj/array.h>

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "domain/result.h"

namespace rapport {

struct StructPlan;

struct JsonLimits {
  std::size_t bytes_max = 1u << 20;
  std::size_t depth_max = 32;                   // objects and arrays in one another
  std::string_view reason_prefix = "command.";  // of the errors' reasons
};

// The text's one value. Strict about duplicate members, depth, size and UTF-8 (a BOM in front is
// passed over).
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

// A message of the aggregate's Command union, with its segment table, always one segment. The same
// content gives the same bytes, whatever the order of the JSON's members. An empty text means a
// command without fields.
Result<kj::Array<capnp::word>> read_command(std::string_view aggregate, std::string_view command,
                                            std::string_view text, const JsonLimits& limits = {});
// The same of a document. Another name, since every text would convert to a document silently.
Result<kj::Array<capnp::word>> build_command(std::string_view aggregate, std::string_view command,
                                             const nlohmann::json& fields);

// Fills a struct that was just made. `to` is unfinished after an error.
Result<void> read_struct(const nlohmann::json& from, capnp::DynamicStruct::Builder to);
Result<void> read_struct(const nlohmann::json& from, const StructPlan& plan,
                         capnp::AnyStruct::Builder to);

}  // namespace rapport
