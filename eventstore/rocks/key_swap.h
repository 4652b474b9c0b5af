// How keys/db is replaced by another one, so that of the old one no byte is left in a file, and so that a crash at any moment
// leaves the old keys or the new ones. FORMAT.md, "keys/".
#pragma once
#include <filesystem>

#include "domain/result.h"

namespace rapport {

// The parts of a replacement, beside what they replace. Where db.old is there, the new ones count.
namespace key_files {
inline constexpr const char *kDatabase = "db", *kNextDatabase = "db.next", *kOldDatabase = "db.old";
inline constexpr const char *kWitness = "witness", *kNextWitness = "witness.next";
inline constexpr const char *kMaster = "master.key", *kNextMaster = "master.key.next";
}  // namespace key_files

// What a crash left of a replacement: finished if db.next had taken db's place, else taken back. For an open that may write.
Result<void> recover_key_swap(const std::filesystem::path& keys);
// db.next, complete and synced like the other parts that are there, takes db's place; nobody has either open.
Result<void> swap_keys(const std::filesystem::path& keys);
// Overwrites what the files hold, and removes them; nothing if they are not there.
Result<void> wipe_folder(const std::filesystem::path& folder);
Result<void> wipe_file(const std::filesystem::path& file);

}  // namespace rapport
