// What the plug-in knows of the schemas: nodes by id, annotations, and how names look in C++.
#pragma once
#include <capnp/schema.capnp.h>

#include <map>
#include <string>

namespace rapport::codegen {

// Ids of the annotations in domain/schema/common.capnp; Cap'n Proto generates none for C++.
inline constexpr std::uint64_t kNamespace = 0xb9c6f99ebf805f2c, kPersonal = 0xb1f0c0de0000a001, kTimestamp = 0xb1f0c0de0000a002,
                               kDate = 0xb1f0c0de0000a003, kMaxLength = 0xb1f0c0de0000a004, kOptional = 0xb1f0c0de0000a005,
                               kValue = 0xb1f0c0de0000a006, kCurrency = 0xb1f0c0de0000a007;

using capnp::schema::Field;
using capnp::schema::Node;
using capnp::schema::Type;

class Schemas {
 public:
  explicit Schemas(capnp::schema::CodeGeneratorRequest::Reader request);

  Node::Reader node(std::uint64_t id) const { return nodes_.at(id); }
  const std::map<std::uint64_t, Node::Reader>& nodes() const { return nodes_; }
  std::string wire_namespace(Node::Reader node) const;   // "rapport::opportunity::wire"
  std::string plain_namespace(Node::Reader node) const;  // "rapport::opportunity"
  std::string wire_type(std::uint64_t id) const;
  std::string plain_type(std::uint64_t id) const;        // the generated value, or the one that $value names
  // A Command or Event union, of an aggregate or of the catalogue.
  bool is_union(Node::Reader node) const;
  bool is_catalogue(Node::Reader node) const { return wire_namespace(node).find("::catalogue::") != std::string::npos; }
  // The union that a struct is a member of (0: none), and the member's name with a capital letter.
  std::uint64_t union_of(std::uint64_t id) const;
  std::string member_name(std::uint64_t id) const { return member_.at(id); }

 private:
  std::map<std::uint64_t, Node::Reader> nodes_;
  std::map<std::uint64_t, std::uint64_t> union_of_;
  std::map<std::uint64_t, std::string> member_;
};

std::string short_name(Node::Reader node);
std::string title(std::string name);                                 // closeDate -> CloseDate
std::string snake(const std::string& name, bool keep_keywords = false);  // closeDate -> close_date, new -> new_
std::string upper_snake(const std::string& name);                    // closeDate -> CLOSE_DATE

template <class Owner>
bool has(Owner owner, std::uint64_t annotation) {
  for (auto a : owner.getAnnotations())
    if (a.getId() == annotation) return true;
  return false;
}
template <class Owner>
std::string text_of(Owner owner, std::uint64_t annotation) {
  for (auto a : owner.getAnnotations())
    if (a.getId() == annotation) return a.getValue().getText().cStr();
  return {};
}

// Ends the compiler run: the schema breaks a rule of ours.
[[noreturn]] void refuse(const std::string& what);

}  // namespace rapport::codegen
