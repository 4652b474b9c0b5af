// Write-ahead logs without a byte. Every open leaves one behind unless something is flushed before the close, and every later open
// reads them all: a store that is opened for one command at a time would get slower with each.
#pragma once
#include <string>

namespace rapport {

// Removes them but for the newest, which is in use. The database at `path` must be open for writing: nobody else has it then.
void remove_empty_logs(const std::string& path);

}  // namespace rapport
