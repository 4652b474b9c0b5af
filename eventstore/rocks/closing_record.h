// The file `closed`: what the files of log/, keys/ and index/ looked like at the last clean close. RocksDB takes a damaged end of its
// manifest or write-ahead log for a crash and opens without it; after a clean close that can only be damage.
#pragma once
#include <filesystem>

#include "domain/result.h"

namespace rapport {

// The store must be closed.
Result<void> write_closing_record(const std::filesystem::path& store);
struct ClosingRecord {
  bool there = false;
  bool index_whole = true;  // no file of index/ differs; it can be made anew
};
// Compares it, if there is one. kCorrupt, "store.damaged", names the file of log/ or keys/ that differs.
Result<ClosingRecord> check_closing_record(const std::filesystem::path& store);
// Compares and removes it, if there is one. After an error it stays.
Result<void> consume_closing_record(const std::filesystem::path& store);

}  // namespace rapport
