#include "eventstore/rocks/snapshot_files.h"

#include <fstream>

#include "eventstore/event.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr std::string_view kUnfinished = ".new";

std::string name_of(std::string_view stream) { return to_hex(sha256({bytes_of(stream)})); }

}  // namespace

SnapshotFiles::SnapshotFiles(const std::filesystem::path& store, std::uint64_t events_min)
    : folder_(store / "snapshots"), events_min_(events_min) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, none)) names_.insert(entry.path().filename().string());
}

std::optional<std::string> SnapshotFiles::find(std::string_view stream) const {
  std::lock_guard lock(mutex_);
  if (names_.empty()) return {};
  auto name = name_of(stream);
  if (!names_.contains(name)) return {};
  auto bytes = read_file(folder_ / name);
  return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

// Not synced: what a power cut leaves of it is no snapshot, and then the log is folded again.
void SnapshotFiles::keep(std::string_view stream, std::string_view bytes) {
  auto name = name_of(stream);
  auto unfinished = folder_ / (name + std::string(kUnfinished));
  std::lock_guard lock(mutex_);
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) std::filesystem::rename(unfinished, folder_ / name, error);
  if (file && !error) names_.insert(name);
  else std::filesystem::remove(unfinished, error);
}

}  // namespace rapport
