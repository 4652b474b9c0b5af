// The ids of an import: what makes the same row the same record and the same command, however often
// it comes. HMAC-SHA-256 under the store's import key over canonical JSON, its first 16 bytes: the
// ids travel with the events, and a plain hash would let anyone guess the content.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "eventstore/event.h"
#include "eventstore/subject_keys.h"

namespace rapport::import {

using Id16 = std::array<std::uint8_t, 16>;

// Const; safe for concurrent use if the keys are.
class Ids final {
 public:
  Ids(const SubjectKeys& keys, std::string mapping) : keys_(keys), mapping_(std::move(mapping)) {}

  // `key` and `content` are canonical JSON. `epoch` is raised by a revert, so that the record can
  // come again.
  Id16 record(std::string_view table, std::string_view key, std::string_view content,
              std::uint64_t n, std::uint32_t epoch) const;
  // The key of a record, for the memory; and of content under a key, for counting its occurrences.
  Id16 key(std::string_view table, std::string_view key) const;
  Id16 occurrence(std::string_view table, std::string_view key, std::string_view content) const;
  // The k-th use of a command on a stream in a record.
  CommandId command(const Id16& record, std::string_view command, std::string_view stream,
                    unsigned k) const;
  // `version` is the stream's, if everything before it was taken back; else 0.
  CommandId once(std::string_view command, std::string_view stream, StreamVersion version) const;
  CommandId policy(std::string_view id, std::string_view content, StreamVersion version) const;
  // Of the run: the same for the same mapping and the same files. Twenty-six letters and digits.
  std::string import_id(const Hash& mapping_sha256, std::string_view options,
                        const std::vector<Hash>& files) const;
  CommandId batch(std::string_view import_id, std::string_view command,
                  std::string_view what) const;

  // What stands for a personal text in ids, references and snapshots.
  std::string personal(std::string_view text) const;

 private:
  Id16 digest(std::string_view canonical) const;

  const SubjectKeys& keys_;
  std::string mapping_;
};

}  // namespace rapport::import
