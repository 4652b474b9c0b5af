// Random values for any struct of our schemas, by Cap'n Proto's own reflection and not by the plans
// under test.
#pragma once
#include <capnp/dynamic.h>
#include <capnp/message.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rapport::test {

// Texts that must survive byte for byte: rare characters, look-alikes, controls, JSON's own,
// noncharacters.
const std::vector<std::string>& edge_texts();

class RandomMessage {
 public:
  explicit RandomMessage(std::uint64_t seed) : random_(seed) {}

  // Every field gets a value that the schema allows; an optional one is absent about one time in
  // three.
  void fill(capnp::DynamicStruct::Builder to);

 private:
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random_);
  }
  bool absent() { return below(3) == 0; }
  void set(capnp::DynamicStruct::Builder to, capnp::StructSchema::Field field,
           std::string_view name);
  std::string text(std::size_t bytes_max, bool identifier);
  capnp::DynamicValue::Reader number(capnp::StructSchema::Field field);

  std::mt19937_64 random_;
};

// The `name` member of a Command or Event union, filled. The message owns it.
capnp::DynamicStruct::Reader random_member(capnp::MallocMessageBuilder& message,
                                           capnp::StructSchema union_schema,
                                           capnp::StructSchema::Field member, std::uint64_t seed);

}  // namespace rapport::test
