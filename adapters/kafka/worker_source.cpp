#include "adapters/kafka/worker_source.h"

#include <nlohmann/json.hpp>

#include "adapters/json/text_forms.h"

namespace rapport::kafka {

using nlohmann::json;

// The first one stays: from there on parked records are taken up again.
void WorkerSource::park(Parked what) {
  if (what.event.value) ++unread;
  if (parked.size() == kParkedMax) parked.erase(parked.begin() + 1);
  parked.push_back(std::move(what));
}

std::string sentence(const Parked& parked) { return "record " + std::to_string(parked.offset) + ": " + parked.why; }

std::string to_text(const WorkerSource& source) {
  auto parked = json::array();
  for (const auto& record : source.parked)
    parked.push_back({{"offset", record.offset}, {"why", record.why}, {"event", record.event.value}});
  std::string edge;
  append_base64(bytes_of(source.tree.edge()), edge);
  return json{{"share", to_text(source.share)},
              {"cluster", source.cluster},
              {"offset", source.offset},
              {"treeSize", source.tree.size()},
              {"treeEdge", edge},
              {"parked", std::move(parked)},
              {"unread", source.unread}}
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
          {record.at("offset").get<std::int64_t>(), record.at("why").get<std::string>(), {record.value("event", std::uint64_t{0})}});
    source.unread = parsed.value("unread", std::uint64_t{0});
    return source;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace rapport::kafka
