#include "adapters/kafka/cursor.h"

#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"
#include "adapters/kafka/small_file.h"
#include "eventstore/proof/sha256.h"

namespace rapport::kafka {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::optional<Cursor> parse(const fs::path& file) {
  auto parsed = read_json_file(file);
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
  auto cursor = parse(file_of_cluster(folder, cluster));
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
  return replace_json_file(file_of_cluster(folder, cursor.cluster), whole);
}

}  // namespace rapport::kafka
