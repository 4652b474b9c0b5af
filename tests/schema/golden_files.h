// Files of tests/golden. They are written once, by UPDATE_GOLDEN=1 and only where one is missing,
// and read for ever: what was stored by any earlier version must be understood by this one.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace rapport::test {

std::filesystem::path golden_folder(std::string_view name);  // "events"
bool update_golden();                                        // whether UPDATE_GOLDEN=1 is set
std::string read_file(const std::filesystem::path& path);    // empty if there is none
void write_missing(const std::filesystem::path& path, std::string_view bytes);

}  // namespace rapport::test
