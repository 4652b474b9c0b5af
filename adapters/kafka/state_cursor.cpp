#include "adapters/kafka/state_cursor.h"

#include <nlohmann/json.hpp>

#include "adapters/kafka/small_file.h"

namespace rapport::kafka {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

fs::path state_folder(const fs::path& folder) { return folder / "state"; }

std::optional<StateCursor> parse(const fs::path& file) {
  auto document = read_json_file(file);
  if (document.is_discarded()) return std::nullopt;
  try {
    StateCursor cursor{.cluster = document.at("cluster").get<std::string>(),
                       .origin = document.at("origin").get<std::string>(),
                       .views = {}};
    for (const auto& [name, view] : document.at("views").items())
      cursor.views[name] = {.version = view.at("version").get<std::uint32_t>(),
                            .position = {view.at("position").get<std::uint64_t>()},
                            .ends = view.at("ends").get<std::vector<std::int64_t>>(),
                            .edition = view.value("edition", ""),  // files of earlier programs have none
                            .personal = view.at("personal").get<std::string>()};
    return cursor;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<StateCursor> read_state_cursor(const fs::path& folder, const std::string& cluster) {
  if (folder.empty()) return std::nullopt;
  auto cursor = parse(file_of_cluster(state_folder(folder), cluster));
  if (!cursor || cursor->cluster != cluster) return std::nullopt;
  return cursor;
}

std::vector<StateCursor> read_state_cursors(const fs::path& folder) {
  std::vector<StateCursor> found;
  std::error_code fault;
  for (const auto& entry : fs::directory_iterator(state_folder(folder), fault))
    if (entry.path().extension() == ".json")
      if (auto cursor = parse(entry.path())) found.push_back(std::move(*cursor));
  return found;
}

Result<void> write_state_cursor(const fs::path& folder, const StateCursor& cursor) {
  if (folder.empty()) return {};
  json views = json::object();
  for (const auto& [name, view] : cursor.views)
    views[name] = {{"version", view.version}, {"position", view.position.value}, {"ends", view.ends}, {"edition", view.edition}, {"personal", view.personal}};
  return replace_json_file(file_of_cluster(state_folder(folder), cursor.cluster),
                           {{"cluster", cursor.cluster},
                            {"origin", cursor.origin},
                            {"views", std::move(views)}});
}

}  // namespace rapport::kafka
