#include "tests/json/schema_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace rapport::test {
namespace {

using Json = nlohmann::json;

bool has_type(const std::string& type, const Json& value) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  return type == "object" && value.is_object();
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool in_range(const Json& schema, const Json& value) {
  auto below = [](const Json& a, const Json& b) {
    return a < b;
  };  // nlohmann compares signed with unsigned by value
  return !(schema.contains("minimum") && below(value, schema["minimum"])) &&
         !(schema.contains("maximum") && below(schema["maximum"], value));
}

std::string misfit_of_object(const Json& schema, const Json& value, const std::string& path) {
  for (auto& name : schema.value("required", Json::array()))
    if (!value.contains(name.get<std::string>()))
      return path + "/" + name.get<std::string>() + ": required";
  for (auto& [name, member] : value.items()) {
    if (!schema["properties"].contains(name)) {
      if (!schema.value("additionalProperties", true))
        return path + "/" + name + ": additionalProperties";
      continue;
    }
    if (auto inner = misfit(schema["properties"][name], member, path + "/" + name); !inner.empty())
      return inner;
  }
  return {};
}

}  // namespace

std::string misfit(const Json& schema, const Json& value, const std::string& path) {
  static const std::set<std::string> known = {"$schema",
                                              "$id",
                                              "title",
                                              "description",
                                              "type",
                                              "properties",
                                              "required",
                                              "additionalProperties",
                                              "items",
                                              "anyOf",
                                              "enum",
                                              "pattern",
                                              "maxLength",
                                              "maxItems",
                                              "minimum",
                                              "maximum",
                                              "format",
                                              "contentEncoding",
                                              "x-maxBytes",
                                              "x-unit",
                                              "x-personal"};
  for (auto& [keyword, unused] : schema.items())
    if (!known.contains(keyword)) return path + ": unknown keyword " + keyword;
  if (schema.contains("anyOf") &&
      std::none_of(schema["anyOf"].begin(), schema["anyOf"].end(),
                   [&](auto& one) { return misfit(one, value, path).empty(); }))
    return path + ": anyOf";
  if (schema.contains("type") && !has_type(schema["type"], value)) return path + ": type";
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
    return path + ": enum";
  if (value.is_string()) {
    auto& text = value.get_ref<const std::string&>();
    if (schema.contains("maxLength") && characters(text) > schema["maxLength"].get<std::size_t>())
      return path + ": maxLength";
    if (schema.contains("pattern") &&
        !std::regex_search(text, std::regex(schema["pattern"].get<std::string>())))
      return path + ": pattern";
  }
  if (value.is_number() && !in_range(schema, value)) return path + ": range";
  if (value.is_array()) {
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())
      return path + ": maxItems";
    for (std::size_t i = 0; i < value.size(); ++i)
      if (auto inner = misfit(schema.value("items", Json::object()), value[i],
                              path + "/" + std::to_string(i));
          !inner.empty())
        return inner;
  }
  return value.is_object() && schema.contains("properties") ? misfit_of_object(schema, value, path)
                                                            : std::string();
}

}  // namespace rapport::test
