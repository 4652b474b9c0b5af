// A table's commands and a mapping's policies, checked against the catalogue and compiled.
#pragma once
#include "adapters/import/mapping/scope.h"

namespace rapport::import {

void compile_commands(const nlohmann::ordered_json& table, const std::string& place, Scope& scope);
// `at` of a table or command: a template, a time, a word, or a list of them.
At compile_at(const nlohmann::ordered_json& at, const std::string& place, Scope& scope);
// policySet/publish with a constant body. `scope` has an empty table.
PolicyStep compile_policy(const nlohmann::ordered_json& policy, const std::string& place,
                          Scope& scope);

}  // namespace rapport::import
