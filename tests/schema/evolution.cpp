#include "tests/schema/evolution.h"

#include <kj/exception.h>

#include <set>

#include "domain/schema/catalogue.capnp.h"
#include "eventstore/schema/envelope.capnp.h"

namespace rapport::test {
namespace {

using capnp::schema::Node;

constexpr std::uint64_t kMark =
    0xb1f0c0de0000a000;  // common.capnp numbers its annotations from here
constexpr std::uint64_t kMaxLength = kMark + 4;
// Those that change what a stored value means.
constexpr std::uint64_t kMeaning[] = {kMark + 1, kMark + 2, kMark + 3, kMark + 5, kMark + 7};

void collect(capnp::Type type, Nodes& nodes);

void collect(capnp::StructSchema schema, Nodes& nodes) {
  if (!nodes.emplace(schema.getProto().getId(), schema.getProto()).second) return;
  for (auto field : schema.getFields()) collect(field.getType(), nodes);
}

void collect(capnp::Type type, Nodes& nodes) {
  while (type.isList()) type = type.asList().getElementType();
  if (type.isStruct()) collect(type.asStruct(), nodes);
  if (type.isEnum()) nodes.emplace(type.asEnum().getProto().getId(), type.asEnum().getProto());
}

using Annotations = capnp::List<capnp::schema::Annotation>::Reader;
bool has(Annotations all, std::uint64_t id) {
  for (auto a : all)
    if (a.getId() == id) return true;
  return false;
}
std::uint32_t max_length(Annotations all) {
  for (auto a : all)
    if (a.getId() == kMaxLength) return a.getValue().getUint32();
  return UINT32_MAX;
}

class Comparison {
 public:
  void compare(Node::Reader then, Node::Reader now) {
    name_ = then.getDisplayName().cStr();
    if (then.which() != now.which()) return say("is of another kind");
    if (then.isEnum()) enums(then.getEnum(), now.getEnum());
    if (then.isStruct()) structs(then.getStruct(), now.getStruct());
  }
  void load(capnp::SchemaLoader& loader, Node::Reader node) {
    name_ = node.getDisplayName().cStr();
    try {
      loader.load(node);
    } catch (const kj::Exception& e) {
      say(e.getDescription().cStr());
    }
  }
  void gone(Node::Reader then) {
    name_ = then.getDisplayName().cStr();
    say("is gone");
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  void say(const std::string& what) { all_.push_back(name_ + " " + what); }

  void enums(Node::Enum::Reader then, Node::Enum::Reader now) {
    auto before = then.getEnumerants(), after = now.getEnumerants();
    if (after.size() < before.size()) return say("lost enumerants");
    for (unsigned i = 0; i < before.size(); ++i)
      if (before[i].getName() != after[i].getName())
        say("renamed or moved " + std::string(before[i].getName().cStr()));
  }

  void structs(Node::Struct::Reader then, Node::Struct::Reader now) {
    auto before = then.getFields(), after = now.getFields();
    if (after.size() < before.size()) say("lost fields");
    for (auto old : before) {
      std::string name = old.getName().cStr();
      bool found = false;
      for (auto field : after) {
        if (field.getName() != old.getName()) continue;
        found = true;
        fields(name, old, field);
      }
      if (!found) say("lost or renamed " + name);
    }
  }

  void fields(const std::string& name, capnp::schema::Field::Reader then,
              capnp::schema::Field::Reader now) {
    if (then.which() != now.which() || then.getDiscriminantValue() != now.getDiscriminantValue())
      return say("moved " + name);
    if (then.isSlot()) {
      if (then.getSlot().getOffset() != now.getSlot().getOffset()) say("moved " + name);
      if (then.getSlot().getType().which() != now.getSlot().getType().which())
        say("re-typed " + name);
    }
    for (auto mark : kMeaning)
      if (has(then.getAnnotations(), mark) != has(now.getAnnotations(), mark))
        say("changed what is meant by " + name);
    if (max_length(now.getAnnotations()) < max_length(then.getAnnotations())) say("shrank " + name);
  }

  std::string name_;
  std::vector<std::string> all_;
};

}  // namespace

Nodes current_nodes() {
  Nodes nodes;
  collect(capnp::Schema::from<catalogue::wire::Command>(), nodes);
  collect(capnp::Schema::from<catalogue::wire::Event>(), nodes);
  collect(capnp::Schema::from<envelope::wire::Metadata>(), nodes);
  collect(capnp::Schema::from<envelope::wire::Frame>(), nodes);
  return nodes;
}

std::vector<std::string> violations(const Nodes& then, const Nodes& now) {
  Comparison comparison;
  capnp::SchemaLoader loader;
  for (auto& [id, node] : then) comparison.load(loader, node);
  for (auto& [id, node] : then) {
    auto found = now.find(id);
    if (found == now.end()) {
      comparison.gone(node);
      continue;
    }
    comparison.load(loader, found->second);
    comparison.compare(node, found->second);
  }
  return comparison.take();
}

}  // namespace rapport::test
