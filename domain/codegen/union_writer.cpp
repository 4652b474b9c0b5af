#include "domain/codegen/union_writer.h"

namespace rapport::codegen {
namespace {

template <class F>
void each_member(Node::Reader node, F&& f) {
  for (auto field : node.getStruct().getFields())
    if (field.isSlot() && field.getSlot().getType().isStruct())
      f(std::string(field.getName().cStr()), field.getSlot().getType().getStruct().getTypeId());
}

void write_visit(const Schemas& schemas, Node::Reader node, std::ostream& out) {
  out << "  // Calls f with the member's value; f(Unknown{ordinal}) for `unspecified` and for members of a newer writer.\n"
      << "  template <class F> static decltype(auto) visit(Wire::Reader r, F&& f) {\n    switch (r.which()) {\n";
  each_member(node, [&](const std::string& member, std::uint64_t id) {
    auto get = "r.get" + title(member) + "()";
    out << "      case Wire::" << upper_snake(member) << ": return f("
        << (schemas.is_union(schemas.node(id)) ? get : schemas.plain_type(id) + "::read(" + get + ")") << ");\n";
  });
  out << "      default: return f(::rapport::Unknown{static_cast<std::uint16_t>(r.which())});\n    }\n  }\n";
}

void write_select(const Schemas& schemas, Node::Reader node, std::ostream& out) {
  out << "  // Calls f for the members that f takes and passes over the rest, unread: for views.\n"
      << "  template <class F> static void select(Wire::Reader r, F&& f) {\n    switch (r.which()) {\n";
  each_member(node, [&](const std::string& member, std::uint64_t id) {
    auto plain = schemas.plain_type(id);
    out << "      case Wire::" << upper_snake(member) << ":\n        if constexpr (std::invocable<F&, const " << plain
        << "&>) f(" << plain << "::read(r.get" << title(member) << "()));\n        break;\n";
  });
  out << "      default: break;\n    }\n  }\n";
}

}  // namespace

void write_union(const Schemas& schemas, Node::Reader node, std::ostream& out) {
  auto name = short_name(node);
  out << "struct " << name << " {\n  using Wire = wire::" << name << ";\n";
  write_visit(schemas, node, out);
  if (name == "Event" && !schemas.is_catalogue(node)) write_select(schemas, node, out);
  out << "};\n\n";
}

void write_decider(const Schemas& schemas, Node::Reader file, std::ostream& out) {
  auto plain = schemas.plain_namespace(file);
  out << "// The decider, written by hand: one decide a command, one evolve an event. A missing one does not link.\nstruct State;\n";
  for (auto nested : file.getNestedNodes()) {
    auto node = schemas.node(nested.getId());
    if (!schemas.is_union(node)) continue;
    each_member(node, [&](const std::string&, std::uint64_t id) {
      if (short_name(node) == "Command")
        out << "Decision decide(const State&, const " << schemas.plain_type(id) << "&, const Context&, Events<Event>&);\n";
      else
        out << "void evolve(State&, const " << schemas.plain_type(id) << "&);\n";
    });
  }
  out << "struct Decider {\n  using State = ::" << plain << "::State;\n  using Command = ::" << plain << "::Command;\n  using Event = ::"
      << plain << "::Event;\n};\n\n";
}

}  // namespace rapport::codegen
