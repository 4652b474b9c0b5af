// Cap'n Proto compiler plug-in: for each schema file X.capnp it writes X.values.h with one plain C++ struct a schema struct
// (borrowing: text is a view), `visit` and `select` for the Command and Event unions, and the declarations of the decider.
#include <capnp/serialize.h>

#include <fstream>
#include <set>

#include "domain/codegen/names.h"
#include "domain/codegen/struct_writer.h"
#include "domain/codegen/union_writer.h"

namespace rapport::codegen {
namespace {

constexpr std::string_view kSuffix = ".capnp";

std::string values_header(const std::string& schema) { return schema.substr(0, schema.size() - kSuffix.size()) + ".values.h"; }

// Writes a node after everything that it holds by value.
void write_in_order(const Schemas& schemas, std::uint64_t id, std::uint64_t file, std::set<std::uint64_t>& done, std::ostream& out) {
  auto node = schemas.node(id);
  if (!done.insert(id).second || node.getScopeId() != file) return;
  if (node.isEnum()) {
    out << "using wire::" << short_name(node) << ";\n\n";
    return;
  }
  if (!node.isStruct() || has(node, kValue)) return;
  auto write_type = [&](Type::Reader type) {
    while (type.isList()) type = type.getList().getElementType();
    if (type.isStruct()) write_in_order(schemas, type.getStruct().getTypeId(), file, done, out);
    if (type.isEnum()) write_in_order(schemas, type.getEnum().getTypeId(), file, done, out);
  };
  for (auto field : node.getStruct().getFields()) {
    if (field.isSlot()) {
      write_type(field.getSlot().getType());
    } else {
      for (auto inner : schemas.node(field.getGroup().getTypeId()).getStruct().getFields()) write_type(inner.getSlot().getType());
    }
  }
  if (schemas.is_union(node)) write_union(schemas, node, out);
  else write_struct(schemas, node, out);
}

void write_file(const Schemas& schemas, capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file) {
  std::string name = file.getFilename().cStr();
  auto node = schemas.node(file.getId());
  if (schemas.wire_namespace(node) == "rapport::wire") return;  // common.capnp: its C++ types are written by hand
  std::string folder = name.substr(0, name.rfind('/') + 1);
  std::ofstream out(values_header(name));
  if (!out) refuse("cannot write " + values_header(name));
  out << "// Generated from " << name << ". Do not edit.\n#pragma once\n#include \"" << name << ".h\"\n#include \"domain/decision.h\"\n";
  for (auto import : file.getImports()) {
    std::string imported = import.getName().cStr();
    if (imported[0] != '/' && imported != "common.capnp") out << "#include \"" << folder << values_header(imported) << "\"\n";
  }
  out << "\nnamespace " << schemas.plain_namespace(node) << " {\n\n";
  std::set<std::uint64_t> done;
  for (auto nested : node.getNestedNodes()) write_in_order(schemas, nested.getId(), file.getId(), done, out);
  if (!schemas.is_catalogue(node)) write_decider(schemas, node, out);
  out << "}  // namespace " << schemas.plain_namespace(node) << "\n";
}

}  // namespace
}  // namespace rapport::codegen

int main() {
  capnp::StreamFdMessageReader message(0, {1u << 24, 64});
  auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
  rapport::codegen::Schemas schemas(request);
  for (auto file : request.getRequestedFiles()) rapport::codegen::write_file(schemas, file);
}
