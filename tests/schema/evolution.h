// What may not happen to a schema once events were stored by it.
#pragma once
#include <capnp/schema-loader.h>
#include <capnp/schema.h>

#include <map>
#include <string>
#include <vector>

namespace rapport::test {

using Nodes =
    std::map<std::uint64_t, capnp::schema::Node::Reader>;  // structs and enums by id; borrowed

// Every struct and enum that the catalogue and the envelope reach, as compiled into this program.
Nodes current_nodes();

// Each way in which `now` cannot stand for `then`, in a sentence: a node, field or enumerant gone,
// renamed or moved, a type or an annotation that reads stored bytes otherwise, a limit that shrank,
// and whatever Cap'n Proto itself refuses.
std::vector<std::string> violations(const Nodes& then, const Nodes& now);

}  // namespace rapport::test
