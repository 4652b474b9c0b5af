// What the comments of the schemas say, for whoever reads JSON Schemas and the catalogue of events. Cap'n Proto keeps
// comments out of compiled schemas; capnpc-comments writes them down beside.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace rapport {

struct SchemaComment {
  std::uint64_t node = 0;  // the id of a struct, an enum or a file
  int member = -1;         // a field or enumerant by its index in the node; -1: the node itself
  std::string_view text;   // one line
};

// All of domain/schema, by node and member.
std::span<const SchemaComment> schema_comments();

// Empty if the schema says nothing there.
std::string_view schema_comment(std::uint64_t node, int member = -1);

}  // namespace rapport
