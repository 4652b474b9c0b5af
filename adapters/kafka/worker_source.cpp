#include "adapters/kafka/worker_source.h"

#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"

namespace rapport::kafka {

using nlohmann::json;

void WorkerSource::park(std::int64_t at, std::string why) {
  if (parked.size() == kParkedMax) parked.erase(parked.begin());
  parked.push_back({at, std::move(why)});
}

std::string to_text(const WorkerSource& source) {
  auto parked = json::array();
  for (const auto& record : source.parked)
    parked.push_back({{"offset", record.offset}, {"why", record.why}});
  std::string edge;
  append_base64(bytes_of(source.tree.edge()), edge);
  return json{{"share", to_text(source.share)},
              {"cluster", source.cluster},
              {"offset", source.offset},
              {"treeSize", source.tree.size()},
              {"treeEdge", edge},
              {"parked", std::move(parked)}}
      .dump();
}

std::optional<WorkerSource> parse_source(std::string_view text) {
  auto parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  try {
    WorkerSource source;
    auto share = projections::parse_share(parsed.value("share", "1/1"));  // older programs knew whole views only
    if (!share) return std::nullopt;
    source.share = *share;
    source.cluster = parsed.at("cluster").get<std::string>();
    source.offset = parsed.at("offset").get<std::int64_t>();
    auto edge = parse_base64(parsed.at("treeEdge").get<std::string>());
    if (!edge) return std::nullopt;
    auto tree = MerkleTree::from_edge(parsed.at("treeSize").get<std::uint64_t>(), *edge);
    if (!tree) return std::nullopt;
    source.tree = *tree;
    for (const auto& record : parsed.at("parked"))
      source.parked.push_back(
          {record.at("offset").get<std::int64_t>(), record.at("why").get<std::string>()});
    return source;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace rapport::kafka
