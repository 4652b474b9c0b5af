// Writes what stands for a Command or Event union: visit, select, and the deciders' declarations.
#pragma once
#include <ostream>

#include "domain/codegen/names.h"

namespace rapport::codegen {

void write_union(const Schemas& schemas, Node::Reader node, std::ostream& out);
void write_decider(const Schemas& schemas, Node::Reader file, std::ostream& out);

}  // namespace rapport::codegen
