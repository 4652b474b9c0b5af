// The state directory of one worker among several that share a view out by themselves: the rows of each share in a folder of its own,
// and which shares it answers for now.
//
//   DIR/pipeline.shares/3-of-6/   rows; they stay when the share goes to another worker, so that it can come back
//   DIR/pipeline.shares/held      a line for each share that is answered for: "3/6"
//   DIR/pipeline.shares/name      what tells the directory from the others
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "domain/result.h"
#include "projections/share.h"

namespace rapport::projections {

std::filesystem::path shares_folder(const std::filesystem::path& dir, const std::string& view);
std::filesystem::path share_folder(const std::filesystem::path& dir, const std::string& view, const Share& share);
// Replaces what was said before, at once or not at all; makes the folder. kUnavailable "state.unwritable".
Result<void> hold_shares(const std::filesystem::path& dir, const std::string& view, std::span<const Share> shares);
// The same whenever it is asked, also after the directory went to another machine: 16 hex digits. kUnavailable "state.unwritable".
Result<std::string> directory_name(const std::filesystem::path& dir, const std::string& view);
// Nothing: the directory is not of such a worker. kCorrupt "state.damaged".
Result<std::optional<std::vector<Share>>> held_shares(const std::filesystem::path& dir, const std::string& view);

}  // namespace rapport::projections
