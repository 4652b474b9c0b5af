// The columns of a table, checked and compiled in the order in which they are written.
#pragma once
#include "adapters/import/mapping/scope.h"

namespace rapport::import {

// Fills the scope's table and facts from `columns`. `name_tables`: the names of all tables, for
// hints.
void compile_columns(const nlohmann::ordered_json& table, const std::string& place, Scope& scope);

// A datatype as the mapping writes it, a name or an object.
std::optional<Datatype> compile_datatype(const nlohmann::ordered_json& datatype,
                                         const std::string& place, Faults& faults);

}  // namespace rapport::import
