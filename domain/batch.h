// Work on many records at once. A stream is an import (Started → Completed, either → Reverted), or a view
// with its versions.
#pragma once
#include "domain/schema/batch.values.h"

namespace rapport::batch {

enum class Status : std::uint8_t { kNone, kStarted, kCompleted, kReverted, kView };

struct ImportedFile {
  std::string name, sha256;
  std::uint64_t bytes;
};

struct State {
  Status status = Status::kNone;
  std::string mapping, mapping_sha256;
  std::vector<ImportedFile> files;
  ImportCompleted totals{.rows = 0, .accepted = 0, .rejected = 0, .already = 0};
  ImportReverted reverted{.compensated = 0, .left = 0};
  std::string view;
  std::uint32_t view_version = 0;
  std::string note;
};

}  // namespace rapport::batch
