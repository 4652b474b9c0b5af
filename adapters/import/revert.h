// Takes an import back: compensating commands for what it did, as far as nobody built on it since.
// The log keeps both.
#pragma once
#include <string>
#include <vector>

#include "adapters/import/import_run.h"

namespace rapport::import {

// A stream that the revert did not touch, and why.
struct LeftStream {
  std::string stream;
  std::string code;  // "changed_since", "still_used", "row_left", "no_inverse", or the code of the refusal
  std::string message;
};

struct RevertSummary {
  std::string import = {}, mapping = {};
  std::uint64_t compensated = 0;  // streams
  std::uint64_t left = 0;
  std::uint64_t records = 0;  // that may be imported again
  std::uint64_t events = 0, position = 0;
  bool dry_run = false;
  std::vector<LeftStream> streams = {};  // those left, in the order of the log
};
std::string to_json(const RevertSummary& summary);

// `parts` as for an import. Compensated records are forgotten under a higher epoch, so that a
// corrected file brings them again. Errors: kNotFound "import.not_found", kRejected
// "import.already_reverted", the store's.
Result<RevertSummary> revert_import(const std::string& import_id, bool dry_run,
                                    const ImportParts& parts);

}  // namespace rapport::import
