// Writes a command's message from rows: every field goes to its place in the Cap'n Proto struct,
// with no document in between.
#pragma once
#include <span>

#include "adapters/import/engine/row.h"
#include "adapters/import/engine/row_reader.h"
#include "domain/event_buffer.h"

namespace rapport::import {

// One thread.
class CommandWriter final {
 public:
  explicit CommandWriter(const RowReader& reader) : reader_(reader) {}

  // A message of the aggregate's Command union; `each` makes an element of every row, everything
  // else comes from the first. Of a `patch` only what changed since `before` is sent; `empty` tells
  // that nothing did. What `message()` gives is valid until the next call.
  std::optional<RowFault> write(const CommandStep& step, std::span<const Row> rows,
                                const Row* current, const Row* before, bool& empty);
  Words message() const { return message_.asPtr(); }

 private:
  std::optional<RowFault> write_members(const std::vector<FieldWriter>& writers,
                                        capnp::AnyStruct::Builder to, std::span<const Row> rows);
  std::optional<RowFault> write_field(const FieldWriter& writer, capnp::AnyStruct::Builder to,
                                      std::span<const Row> rows);
  std::optional<RowFault> write_scalar(const FieldWriter& writer, const Value& value,
                                       capnp::AnyStruct::Builder to);
  std::optional<RowFault> write_integer(const FieldWriter& writer, std::int64_t number,
                                        capnp::AnyStruct::Builder to);
  std::optional<RowFault> write_patch(const CommandStep& step, capnp::AnyStruct::Builder to,
                                      std::span<const Row> rows, const Row& current,
                                      const Row* before, bool& empty);

  const RowReader& reader_;
  kj::Array<capnp::word> message_, segment_;
  Value scratch_;
  std::string text_;
};

}  // namespace rapport::import
