// Small JSON files that remember how far publishing is: one a cluster.
#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "domain/result.h"

namespace rapport::kafka {

// FOLDER/<cluster>.json.
std::filesystem::path file_of_cluster(const std::filesystem::path& folder, const std::string& cluster);
// A discarded document if there is no such file, or no JSON in it.
nlohmann::json read_json_file(const std::filesystem::path& file);
// Replaces the file at once or not at all; makes the folder. Not synced. kUnavailable "bus.cursor_unwritable".
Result<void> replace_json_file(const std::filesystem::path& file, const nlohmann::json& document);

}  // namespace rapport::kafka
