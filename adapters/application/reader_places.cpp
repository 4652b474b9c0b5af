#include "adapters/application/reader_places.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "adapters/json/write_json.h"
#include "adapters/webhooks/place.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/group_files.h"
#include "eventstore/rocks/message_file.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr const char *kGroups = "groups", *kGroupEnding = ".group", *kWebhooks = "webhooks", *kPlace = "place";
constexpr std::size_t kLineBytesMax = 16u << 20;  // ten thousand parked events, each with a thousand bytes that were said of it

// A place's path, and no other: it is written where it says.
bool is_place(const fs::path& path) {
  std::vector<std::string> parts(path.begin(), path.end());
  auto plain = std::ranges::none_of(parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
  if (!plain || path.is_absolute()) return false;
  if (parts.size() == 2) return parts[0] == kGroups && path.extension() == kGroupEnding && valid_group_name(path.stem().string());
  return parts.size() == 3 && parts[0] == kWebhooks && parts[2] == kPlace;
}

std::vector<fs::path> places_below(const fs::path& store) {
  std::vector<fs::path> paths;
  for (const auto* folder : {kGroups, kWebhooks}) {
    std::error_code none;
    for (auto at = fs::recursive_directory_iterator(store / folder, none); at != fs::recursive_directory_iterator(); at.increment(none))
      if (auto path = at->path().lexically_relative(store); is_place(path)) paths.push_back(path);
  }
  std::ranges::sort(paths);
  return paths;
}

Error malformed() {
  return {ErrorCode::kRejected, "dump.member", "a line has no good readerPlace", "/readerPlace", "a path in groups/ or webhooks/ and its bytes in base64"};
}

}  // namespace

Result<std::vector<ReaderPlace>> reader_places(const fs::path& store) {
  std::vector<ReaderPlace> places;
  for (const auto& path : places_below(store)) {
    auto bytes = read_file(store / path);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) continue;  // deleted meanwhile
    if (!bytes) return std::move(bytes).error();
    if (message_in(*bytes)) places.push_back({path.string(), std::move(*bytes)});
    else spdlog::warn("{} is damaged: it is left out", (store / path).string());
  }
  return places;
}

std::string reader_place_line(const ReaderPlace& place) {
  std::string text(kReaderPlaceLine);
  text += "{\"path\":";
  append_text(place.path, text);
  text += ",\"bytes\":\"";
  append_base64(bytes_of(place.bytes), text);
  return text + "\"}}";
}

Result<ReaderPlace> parse_reader_place(std::string_view line) {
  auto json = parse_json(line, {.bytes_max = kLineBytesMax, .reason_prefix = "dump."});
  if (!json) return std::move(json).error();
  auto& place = (*json)["readerPlace"];
  if (!place.is_object() || !place.contains("path") || !place["path"].is_string() || !place.contains("bytes") || !place["bytes"].is_string())
    return malformed();
  auto bytes = parse_base64(place["bytes"].get<std::string>());
  auto path = place["path"].get<std::string>();
  if (!bytes || !message_in(*bytes) || !is_place(path)) return malformed();
  return ReaderPlace{std::move(path), std::move(*bytes)};
}

Result<void> put_reader_place(const fs::path& store, const ReaderPlace& place) {
  auto path = store / place.path;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return Error{ErrorCode::kUnavailable, "store.io", "cannot make " + path.parent_path().string() + ": " + error.message()};
  return write_file_durably(path, place.bytes);
}

Result<std::vector<TakenBack>> take_back_places(const fs::path& store, Position end) {
  std::vector<TakenBack> taken;
  GroupFiles groups(store);
  auto records = groups.load();
  if (!records) return std::move(records).error();
  for (auto& record : *records) {
    auto was = take_back(record, end);
    if (!was) continue;
    if (auto saved = groups.save(record); !saved) return std::move(saved).error();
    taken.push_back({"group " + record.name, *was});
  }
  for (const auto& path : places_below(store)) {
    if (*path.begin() != kWebhooks) continue;
    webhooks::PlaceFile file(store / path.parent_path());
    auto place = file.load();
    if (!place) return std::move(place).error();
    if (!*place) continue;
    auto was = webhooks::take_back(**place, end);
    if (!was) continue;
    if (auto kept = (*place)->created > end ? file.remove() : file.save(**place); !kept) return std::move(kept).error();
    taken.push_back({"webhook " + path.parent_path().filename().string(), *was});
  }
  return taken;
}

}  // namespace rapport
