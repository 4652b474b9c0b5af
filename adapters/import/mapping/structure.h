// The check of a mapping against the published mapping.schema.json: the part of JSON Schema 2020-12
// that it uses.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace rapport::import {

struct MappingFault {
  std::string pointer;  // JSON Pointer into the mapping
  std::string message;
};

// All faults, in the order of the document; empty: it fits.
std::vector<MappingFault> check_structure(const nlohmann::ordered_json& document,
                                          const nlohmann::ordered_json& schema);

// "/a~1b" for the member "a/b" below `base`.
std::string below(const std::string& base, const std::string& member);
std::string below(const std::string& base, std::size_t element);

}  // namespace rapport::import
