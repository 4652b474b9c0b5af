#include "eventstore/rocks/closing_record.h"

#include <algorithm>
#include <string>
#include <vector>

#include "eventstore/event.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kChecksum = "checksum ";
constexpr std::size_t kTableTailBytes = 64u << 10;

fs::path record_path(const fs::path& store) { return store / "closed"; }

// RocksDB's own notes carry nothing of ours, and other programs may write them. A witness has checksums of its own, and is written again
// and again: what one of its syncs failed to keep, no later one keeps.
bool recorded(const fs::path& file) {
  auto name = file.filename().string();
  return !name.starts_with("LOG") && name != "LOCK" && !name.starts_with("OPTIONS-") && name != "IDENTITY" && name != "witness";
}

std::vector<fs::path> recorded_files(const fs::path& store) {
  std::vector<fs::path> files;
  for (const auto* part : {"index", "keys", "log"}) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(store / part, error), end; !error && it != end; it.increment(error))
      if (it->is_regular_file(error) && recorded(it->path())) files.push_back(fs::relative(it->path(), store, error));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Of a table the end only: there RocksDB reads at open, and takes much on trust. The rest has checksums that verify compares.
Result<std::string> line_of(const fs::path& store, const fs::path& file) {
  std::error_code error;
  auto size = fs::file_size(store / file, error);
  if (error) return "0 missing " + file.string() + '\n';
  auto content = read_file_tail(store / file, file.extension() == ".sst" ? kTableTailBytes : size);
  if (!content) return content.error();
  return std::to_string(size) + ' ' + to_hex(sha256({bytes_of(*content)})) + ' ' + file.string() + '\n';
}

Error differs(const std::string& file) {
  return {ErrorCode::kCorrupt, "store.damaged", file + " is not as the last close left it", {}, {},
          "restore a backup; without one remove the file `closed` and run `rapport verify`, which reads every byte"};
}

std::string checksum_line(std::string_view lines) {
  return std::string(kChecksum) + to_hex(sha256({bytes_of(lines)})) + '\n';
}

Result<ClosingRecord> compare(const fs::path& store, std::string_view lines) {
  ClosingRecord record{true};
  while (!lines.empty()) {
    auto line = lines.substr(0, lines.find('\n') + 1);
    lines.remove_prefix(line.size());
    auto name = line.substr(0, line.size() - 1);
    for (int i = 0; i < 2; ++i) name.remove_prefix(name.find(' ') + 1);
    auto now = line_of(store, name);
    if (!now) return now.error();
    if (*now == line) continue;
    if (!name.starts_with("index/")) return differs(std::string(name));
    record.index_whole = false;
  }
  return record;
}

}  // namespace

Result<void> write_closing_record(const fs::path& store) {
  std::string lines;
  for (const auto& file : recorded_files(store)) {
    auto line = line_of(store, file);
    if (!line) return line.error();
    lines += *line;
  }
  return write_file_durably(record_path(store), lines + checksum_line(lines));
}

Result<ClosingRecord> check_closing_record(const fs::path& store) {
  auto record = read_file(record_path(store));
  if (!record && record.error().code == ErrorCode::kNotFound) return ClosingRecord{};
  if (!record) return record.error();
  auto end = record->rfind(kChecksum);
  if (end == record->npos) return differs("closed");
  auto lines = std::string_view(*record).substr(0, end);
  if (record->substr(end) != checksum_line(lines)) return differs("closed");
  return compare(store, lines);
}

Result<void> consume_closing_record(const fs::path& store) {
  auto there = check_closing_record(store);
  if (!there) return there.error();
  return there->there ? remove_durably(record_path(store)) : Result<void>();
}

}  // namespace rapport
