// A command's `fields` and `patch`, checked against its schema and compiled to writes at known
// places.
#pragma once
#include "adapters/import/mapping/scope.h"

namespace rapport::import {

// How fields are compiled: `each` is for groups; a policy's body has no columns at all.
struct FieldsMode {
  bool groups = false;
  bool constants = false;
};

// The writers of an object's members. Required texts, enums and structs that it leaves out are
// faults, unless `partial`.
std::vector<FieldWriter> compile_object(const nlohmann::ordered_json& object,
                                        const StructPlan& plan, const std::string& place,
                                        Scope& scope, FieldsMode mode, bool partial = false);
// Columns that a writer reads.
void columns_of(const FieldWriter& writer, std::vector<std::size_t>& columns);

}  // namespace rapport::import
