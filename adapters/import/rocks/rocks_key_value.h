// The memory of imports, and scratch space of a run, in RocksDB.
#pragma once
#include <memory>
#include <string>

#include "adapters/import/key_value.h"

namespace rapport::import {

// DATA/imports. Made if `create` and it is not there; without `create` kNotFound. kCorrupt
// "import.memory_lost" if it cannot be opened for damage.
Result<std::unique_ptr<KeyValue>> open_memory(const std::string& folder, bool create);

// Scratch space in a new folder below `parent`, removed with the object.
Result<std::unique_ptr<KeyValue>> open_scratch(const std::string& parent);

}  // namespace rapport::import
