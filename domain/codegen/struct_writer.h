// Writes the plain C++ struct of a schema struct: fields, read, write, fault, and a patch's each_field.
#pragma once
#include <ostream>

#include "domain/codegen/names.h"

namespace rapport::codegen {

void write_struct(const Schemas& schemas, Node::Reader node, std::ostream& out);

}  // namespace rapport::codegen
