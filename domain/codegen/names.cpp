#include "domain/codegen/names.h"

#include <cctype>
#include <cstdlib>
#include <iostream>
#include <set>

namespace rapport::codegen {

void refuse(const std::string& what) {
  std::cerr << "capnpc-values: " << what << '\n';
  std::exit(1);
}

std::string title(std::string name) {
  name[0] = static_cast<char>(std::toupper(name[0]));
  return name;
}

std::string snake(const std::string& name, bool keep_keywords) {
  static const std::set<std::string> kKeywords{"new",     "delete", "default", "class",  "operator", "public", "private", "template",
                                               "this",    "union",  "switch",  "case",   "return",   "export", "auto"};
  std::string out;
  for (char c : name) {
    if (std::isupper(c)) out += '_', out += static_cast<char>(std::tolower(c));
    else out += c;
  }
  return !keep_keywords && kKeywords.count(out) ? out + "_" : out;
}

std::string upper_snake(const std::string& name) {
  std::string out = snake(name, true);
  for (auto& c : out) c = static_cast<char>(std::toupper(c));
  return out;
}

std::string short_name(Node::Reader node) { return node.getDisplayName().cStr() + node.getDisplayNamePrefixLength(); }

Schemas::Schemas(capnp::schema::CodeGeneratorRequest::Reader request) {
  for (auto node : request.getNodes()) nodes_.emplace(node.getId(), node);
  for (auto& [id, node] : nodes_) {
    if (!is_union(node) || is_catalogue(node)) continue;
    for (auto field : node.getStruct().getFields()) {
      if (!field.isSlot() || !field.getSlot().getType().isStruct()) continue;
      auto member = field.getSlot().getType().getStruct().getTypeId();
      if (!union_of_.emplace(member, id).second) refuse(short_name(nodes_.at(member)) + " is a member of two unions");
      member_[member] = title(field.getName().cStr());
    }
  }
}

std::string Schemas::wire_namespace(Node::Reader node) const {
  while (!node.isFile()) node = nodes_.at(node.getScopeId());
  return text_of(node, kNamespace);
}

std::string Schemas::plain_namespace(Node::Reader node) const {
  auto wire = wire_namespace(node);
  return wire.substr(0, wire.size() - std::string_view("::wire").size());
}

std::string Schemas::wire_type(std::uint64_t id) const { return "::" + wire_namespace(node(id)) + "::" + short_name(node(id)); }

std::string Schemas::plain_type(std::uint64_t id) const {
  auto named = text_of(node(id), kValue);
  return named.empty() ? "::" + plain_namespace(node(id)) + "::" + short_name(node(id)) : "::" + named;
}

bool Schemas::is_union(Node::Reader node) const {
  auto name = short_name(node);
  return node.isStruct() && (name == "Command" || name == "Event");
}

std::uint64_t Schemas::union_of(std::uint64_t id) const {
  auto found = union_of_.find(id);
  return found == union_of_.end() ? 0 : found->second;
}

}  // namespace rapport::codegen
