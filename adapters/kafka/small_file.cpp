#include "adapters/kafka/small_file.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace rapport::kafka {

namespace fs = std::filesystem;

fs::path file_of_cluster(const fs::path& folder, const std::string& cluster) {
  std::string name = cluster.empty() ? "cluster" : cluster;
  for (char& c : name)
    if (c == '/' || c == '\\' || c == '.') c = '_';
  return folder / (name + ".json");
}

nlohmann::json read_json_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return nlohmann::json::parse(in ? text.str() : std::string(), nullptr, false);
}

Result<void> replace_json_file(const fs::path& file, const nlohmann::json& document) {
  auto part = file;
  part += ".part";
  std::error_code fault;
  fs::create_directories(file.parent_path(), fault);
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << document.dump() << '\n';
  out.close();
  if (out) fs::rename(part, file, fault);
  if (out && !fault) return {};
  return Error{.code = ErrorCode::kUnavailable,
               .reason = "bus.cursor_unwritable",
               .message = "cannot write " + file.string() + (fault ? ": " + fault.message() : "")};
}

}  // namespace rapport::kafka
