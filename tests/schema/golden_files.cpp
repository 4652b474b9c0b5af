#include "tests/schema/golden_files.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace rapport::test {

std::filesystem::path golden_folder(std::string_view name) {
  return std::filesystem::path(RAPPORT_SOURCE_DIR) / "tests" / "golden" / name;
}

bool update_golden() {
  auto* wanted = std::getenv("UPDATE_GOLDEN");
  return wanted != nullptr && std::string_view(wanted) == "1";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_missing(const std::filesystem::path& path, std::string_view bytes) {
  if (std::filesystem::exists(path)) return;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace rapport::test
