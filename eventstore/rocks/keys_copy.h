// The keys of a store as a copy in a folder of its own: the entries of their database, written anew, so that nothing of a key that
// was destroyed comes along; the other files as they are. A copy takes the place of the one before. FORMAT.md, "A copy of the keys".
#pragma once
#include "eventstore/rocks/backup_manifest.h"
#include "eventstore/rocks/rocks_subject_keys.h"

namespace rapport {

// at: the log's position before the copying began, whose keys it has. kConflict "keys.not_ours": something else is in the folder.
Result<void> copy_keys(const RocksSubjectKeys& keys, const StoreDirectory& directory, Position at, const std::filesystem::path& folder);

// Puts a copy into a store that has no keys. Errors: kNotFound "keys.copy_missing"; kConflict "keys.other_store", "keys.older" (made
// before `until`, some of whose keys it may lack); kCorrupt "keys.copy_damaged".
Result<void> restore_keys(const std::filesystem::path& folder, const std::string& store_id, Position until,
                          const std::filesystem::path& store);

}  // namespace rapport
