#include "adapters/import/mapping/structure.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "adapters/import/mapping/nearest.h"

namespace rapport::import {

namespace {

using Json = nlohmann::ordered_json;

std::string type_name(const Json& value) {
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number";
  return value.type_name();
}

bool is_type(const Json& value, const std::string& type) {
  return type_name(value) == type || (type == "number" && value.is_number());
}

// The schema's patterns, each compiled once.
class Patterns {
 public:
  // std::regex takes stack for each byte of a text.
  static constexpr std::size_t kTextBytesMax = 1'000;

  bool match(const std::string& text, const std::string& pattern) {
    return std::regex_search(text, compiled_.try_emplace(pattern, pattern).first->second);
  }

 private:
  std::map<std::string, std::regex> compiled_;
};

class Checker {
 public:
  Checker(const Json& root, Patterns& patterns) : root_(root), patterns_(patterns) {}
  std::vector<MappingFault> faults;

  void check(const Json& value, const Json& schema, const std::string& at) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) fault(at, "does not apply here");
      return;
    }
    if (auto ref = schema.find("$ref"); ref != schema.end()) check(value, resolve(*ref), at);
    check_type(value, schema, at);
    check_text(value, schema, at);
    if (value.is_object()) check_object(value, schema, at);
    if (value.is_array()) check_array(value, schema, at);
    check_combined(value, schema, at);
  }

 private:
  void fault(const std::string& at, std::string message) {
    faults.push_back({at, std::move(message)});
  }

  const Json& resolve(const Json& ref) const {
    return root_.at(Json::json_pointer(ref.get<std::string>().substr(1)));
  }

  bool fits(const Json& value, const Json& schema) const {
    Checker inner(root_, patterns_);
    inner.check(value, schema, "");
    return inner.faults.empty();
  }

  void check_type(const Json& value, const Json& schema, const std::string& at) {
    if (auto type = schema.find("type"); type != schema.end()) {
      bool ok = type->is_string()
                    ? is_type(value, *type)
                    : std::ranges::any_of(*type, [&](const Json& t) { return is_type(value, t); });
      if (!ok)
        fault(at, "must be " + (type->is_string() ? type->get<std::string>() : type->dump()) +
                      ", is " + type_name(value));
    }
    if (auto wanted = schema.find("const"); wanted != schema.end() && value != *wanted)
      fault(at, "must be " + wanted->dump());
    auto list = schema.find("enum");
    if (list == schema.end() || std::ranges::find(*list, value) != list->end()) return;
    std::string all;
    Nearest nearest(value.is_string() ? value.get_ref<const std::string&>() : std::string());
    for (const auto& one : *list) {
      all += (all.empty() ? "" : ", ") + one.get<std::string>();
      nearest.offer(one.get_ref<const std::string&>());
    }
    fault(at, value.dump() + " is none of " + all + nearest.hint());
  }

  void check_text(const Json& value, const Json& schema, const std::string& at) {
    if (!value.is_string()) return;
    const auto& text = value.get_ref<const std::string&>();
    if (schema.contains("minLength") && text.size() < schema["minLength"])
      fault(at, "must not be empty");
    const auto pattern = schema.find("pattern");
    auto longest = schema.value("maxLength", text.size());
    if (pattern != schema.end()) longest = std::min(longest, Patterns::kTextBytesMax);
    if (text.size() > longest)
      fault(at, "is longer than " + std::to_string(longest));
    else if (pattern != schema.end() && !patterns_.match(text, *pattern))
      fault(at, "\"" + text + "\" is not allowed: it must match " + pattern->get<std::string>());
  }

  void check_object(const Json& value, const Json& schema, const std::string& at) {
    if (schema.contains("minProperties") && value.size() < schema["minProperties"])
      fault(at, "must not be empty");
    if (auto required = schema.find("required"); required != schema.end()) {
      for (const auto& name : *required)
        if (!value.contains(name.get<std::string>()))
          fault(at, "lacks \"" + name.get<std::string>() + "\"");
    }
    if (auto needs = schema.find("dependentRequired"); needs != schema.end()) {
      for (const auto& [name, others] : needs->items())
        for (const auto& other : others)
          if (value.contains(name) && !value.contains(other.get<std::string>()))
            fault(at, "\"" + name + "\" needs \"" + other.get<std::string>() + "\"");
    }
    for (const auto& [name, member] : value.items()) check_member(name, member, schema, at);
  }

  void check_member(const std::string& name, const Json& member, const Json& schema,
                    const std::string& at) {
    auto place = below(at, name);
    if (auto names = schema.find("propertyNames"); names != schema.end())
      check(Json(name), *names, place);
    auto properties = schema.find("properties");
    if (properties != schema.end() && properties->contains(name)) {
      const auto& inner = (*properties)[name];
      if (inner.is_boolean() && !inner.get<bool>())
        fault(at, "member \"" + name + "\" does not apply to this mode");
      else
        check(member, inner, place);
      return;
    }
    auto rest = schema.find("additionalProperties");
    if (rest == schema.end()) return;
    if (!rest->is_boolean()) return check(member, *rest, place);
    if (rest->get<bool>()) return;
    Nearest nearest(name);
    for (const auto& [known, unused] : properties->items()) nearest.offer(known);
    fault(at, "unknown member \"" + name + "\"" + nearest.hint());
  }

  void check_array(const Json& value, const Json& schema, const std::string& at) {
    if (schema.contains("minItems") && value.size() < schema["minItems"])
      fault(at, "must not be empty");
    if (schema.contains("items"))
      for (std::size_t i = 0; i < value.size(); ++i) check(value[i], schema["items"], below(at, i));
    if (!schema.value("uniqueItems", false)) return;
    auto less = [](const Json* a, const Json* b) { return *a < *b; };
    std::set<const Json*, decltype(less)> before;
    for (std::size_t i = 0; i < value.size(); ++i)
      if (!before.insert(&value[i]).second) fault(below(at, i), value[i].dump() + " stands there twice");
  }

  void check_combined(const Json& value, const Json& schema, const std::string& at) {
    if (auto all = schema.find("allOf"); all != schema.end())
      for (const auto& one : *all) check(value, one, at);
    if (auto condition = schema.find("if"); condition != schema.end() && fits(value, *condition))
      check(value, schema["then"], at);
    if (auto no = schema.find("not"); no != schema.end() && fits(value, *no))
      fault(at, comment(schema, "is not allowed"));
    if (auto any = schema.find("anyOf"); any != schema.end()) check_any(value, *any, at);
    if (auto one = schema.find("oneOf"); one != schema.end()) {
      if (std::ranges::count_if(*one, [&](const Json& s) { return fits(value, s); }) != 1)
        fault(at, comment(schema, "fits more than one form"));
    }
  }

  static std::string comment(const Json& schema, const char* otherwise) {
    return schema.value("$comment", std::string(otherwise));
  }

  // Of several forms the one that is of the value's type says what is wrong.
  void check_any(const Json& value, const Json& forms, const std::string& at) {
    const Json* nearest = nullptr;
    std::string types;
    for (const auto& form : forms) {
      if (fits(value, form)) return;
      const Json& shown = form.contains("$ref") ? resolve(form["$ref"]) : form;
      if (shown.contains("type") && shown["type"].is_string() && is_type(value, shown["type"]))
        nearest = &form;
      if (shown.contains("enum") && value.is_string()) nearest = &form;
      if (shown.contains("anyOf") && !value.is_object()) nearest = &form;
      if (shown.contains("type"))
        types += (types.empty() ? "" : " or ") +
                 (shown["type"].is_string() ? shown["type"].get<std::string>() : "a value");
    }
    if (nearest)
      check(value, *nearest, at);
    else
      fault(at,
            "must be " + (types.empty() ? "of another form" : types) + ", is " + type_name(value));
  }

  const Json& root_;
  Patterns& patterns_;
};

}  // namespace

std::string below(const std::string& base, const std::string& member) {
  std::string out = base + '/';
  for (char c : member) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}
std::string below(const std::string& base, std::size_t element) {
  return base + '/' + std::to_string(element);
}

std::vector<MappingFault> check_structure(const Json& document, const Json& schema) {
  Patterns patterns;
  Checker checker(schema, patterns);
  checker.check(document, schema, "");
  return std::move(checker.faults);
}

}  // namespace rapport::import
