// A log from a backup into a new folder: frames, the tree's edges, witness. What else a store has is made from it at the first open.
#pragma once
#include "eventstore/rocks/backup_log.h"
#include "eventstore/rocks/verify_store.h"

namespace rapport {

// Fills `store`, an empty folder, with log/ up to `until` (an append's end, BackupLog::append_end) and its witness. Every event is
// held to its hashes, the root to the points of the backup up to there. What is behind `until` is in no file. kCorrupt
// "backup.damaged", "store.damaged"; kUnavailable "store.full", "restore.stopped".
Result<Head> restore_log(const std::filesystem::path& backup, const BackupManifest& manifest, Position until,
                         const std::filesystem::path& store, const VerifyProgress& progress);

}  // namespace rapport
