// Recomputes everything that a backup claims from the bytes it keeps.
#pragma once
#include "eventstore/rocks/backup_manifest.h"
#include "eventstore/rocks/verify_store.h"

namespace rapport {

// Every file byte by byte, every event's digest, every leaf, the root at each point, the checkpoints and their signatures. keys: who
// must have signed the last checkpoint, each of them; of the keys that the backup names itself one signed each checkpoint. What does not hold is an
// answer; an error: it could not run.
Result<VerifyReport> verify_backup_files(const std::filesystem::path& folder, const std::vector<std::string>& keys,
                                         const VerifyProgress& progress);

}  // namespace rapport
