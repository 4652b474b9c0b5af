#include "adapters/kafka/cursor.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "adapters/json/text_forms.h"
#include "eventstore/proof/sha256.h"

namespace rapport::kafka {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

fs::path file_of(const fs::path& folder, const std::string& cluster) {
  std::string name = cluster.empty() ? "cluster" : cluster;
  for (char& c : name)
    if (c == '/' || c == '\\' || c == '.') c = '_';
  return folder / (name + ".json");
}

std::optional<Cursor> parse(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return std::nullopt;
  auto parsed = json::parse(text.str(), nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  try {
    Cursor cursor{.cluster = parsed.at("cluster").get<std::string>(),
                  .brokers = parsed.at("brokers").get<std::string>(),
                  .clean = parsed.at("clean").get<bool>(),
                  .position = {parsed.at("position").get<std::uint64_t>()},
                  .tree_edge = parse_base64(parsed.at("treeEdge").get<std::string>()).value_or(""),
                  .topics = {},
                  .behind = {}};
    for (const auto& [topic, partitions] : parsed.at("topics").items())
      for (const auto& partition : partitions)
        cursor.topics[topic].push_back({partition.at("sequence").get<std::uint64_t>(),
                                        partition.at("offset").get<std::int64_t>()});
    const auto behind = parsed.value("behind", json::object());
    for (const auto& [topic, position] : behind.items())
      cursor.behind[topic] = {position.get<std::uint64_t>()};
    return cursor;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Cursor> read_cursor(const fs::path& folder, const std::string& cluster) {
  auto cursor = parse(file_of(folder, cluster));
  if (!cursor || cursor->cluster != cluster) return std::nullopt;
  return cursor;
}

std::vector<Cursor> read_cursors(const fs::path& folder) {
  std::vector<Cursor> found;
  std::error_code fault;
  for (const auto& entry : fs::directory_iterator(folder, fault))
    if (entry.path().extension() == ".json")
      if (auto cursor = parse(entry.path())) found.push_back(std::move(*cursor));
  return found;
}

Result<void> write_cursor(const fs::path& folder, const Cursor& cursor) {
  json topics = json::object();
  for (const auto& [topic, partitions] : cursor.topics) {
    auto& list = topics[topic] = json::array();
    for (const auto& last : partitions)
      list.push_back({{"sequence", last.sequence}, {"offset", last.offset}});
  }
  std::string edge;
  append_base64(bytes_of(cursor.tree_edge), edge);
  json whole{{"cluster", cursor.cluster}, {"brokers", cursor.brokers},
             {"clean", cursor.clean},     {"position", cursor.position.value},
             {"treeEdge", edge},          {"topics", std::move(topics)}};
  for (const auto& [topic, position] : cursor.behind) whole["behind"][topic] = position.value;
  auto file = file_of(folder, cursor.cluster);
  auto part = file;
  part += ".part";
  std::error_code fault;
  fs::create_directories(folder, fault);
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << whole.dump() << '\n';
  out.close();
  if (out) fs::rename(part, file, fault);
  if (out && !fault) return {};
  return Error{.code = ErrorCode::kUnavailable,
               .reason = "bus.cursor_unwritable",
               .message = "cannot write " + file.string() + (fault ? ": " + fault.message() : "")};
}

}  // namespace rapport::kafka
