// A RocksDB that does not open because of its manifest. RocksDB adds to the manifest, syncs it, and only then counts on what it added:
// tables, logs that are of no more use. A power cut in between may leave a hole there, where a sector did not arrive, and RocksDB takes
// an end that breaks off, but no hole. Included under rocks/ only.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "domain/result.h"

namespace rapport {

// What must be in the database of an entry of a table that it does not know any more.
enum class HeldAs : std::uint8_t { kSame, kKeyAlone };

// Cuts the manifest off before its first record that is not whole, if nothing is lost by that: a database that is opened so, to read,
// has every entry of every table in the folder. True: it was cut, open again; false: that is not what is wrong, or not all.
// Of a hole that is damage of another kind the tables and logs tell: what was synced in a manifest may have been moved since.
// read_only: nothing is written, and kUnavailable "store.manifest_torn" stands for true.
// `families`: those that the database must have, unless nothing was ever written to it.
Result<bool> mend_manifest(const std::filesystem::path& database, const std::vector<std::string>& families, HeldAs held, bool read_only);

}  // namespace rapport
