#include "eventstore/rocks/backup_manifest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFirstWord = "rapport-backup", kFormat = "1", kChecksum = "checksum ";

std::string words_of(const BackupFile& file) { return std::to_string(file.size) + ' ' + to_hex(file.hash) + ' ' + file.path + '\n'; }
std::string number(Position position) { return std::to_string(position.value); }

std::string to_text(const BackupManifest& manifest) {
  auto text = std::string(kFirstWord) + ' ' + std::string(kFormat) + '\n';
  text += "store " + manifest.store.store + ' ' + std::to_string(manifest.store.created_at_micros) + '\n';
  for (const auto& epoch : manifest.store.epochs)
    text += "epoch " + std::to_string(epoch.number) + ' ' + number(epoch.position) + ' ' + to_hex(epoch.root) + '\n';
  for (const auto& point : manifest.points)
    text += "point " + std::to_string(point.at.micros) + ' ' + number(point.head.position) + ' ' +
            std::to_string(point.head.recorded_at.micros) + ' ' + to_hex(point.head.root) + '\n';
  for (const auto& segment : manifest.log)
    text += "log " + number(segment.first) + ' ' + number(segment.last) + ' ' + words_of(segment.file);
  for (const auto& note : manifest.checkpoints) text += "checkpoint " + number(note.position) + ' ' + words_of(note.file);
  if (manifest.imports) text += "imports " + number(manifest.imports->position) + ' ' + words_of(manifest.imports->file);
  if (manifest.places) text += "places " + number(manifest.places->position) + ' ' + words_of(manifest.places->file);
  for (const auto& key : manifest.verifier_keys) text += "key " + key + '\n';
  return with_checksum(text);
}

// The words of a line, taken one after the other. What is no good shows when the manifest is written again.
class LineWords final {
 public:
  explicit LineWords(std::string_view line) : rest_(line) {}
  std::string text() {
    auto end = std::min(rest_.find(' '), rest_.size());
    auto word = std::string(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return word;
  }
  template <class Number>
  Number as() {
    Number value{};
    auto word = text();
    std::from_chars(word.data(), word.data() + word.size(), value);
    return value;
  }
  Position position() { return {as<std::uint64_t>()}; }
  Timestamp time() { return {as<std::int64_t>()}; }
  Hash hash() { return hash_of_hex(text()).value_or(Hash{}); }
  BackupFile file() {
    auto size = as<std::uint64_t>();
    auto sum = hash();
    return {size, sum, text()};
  }

 private:
  std::string_view rest_;
};

void add_line(BackupManifest& manifest, std::string_view line) {
  LineWords words(line);
  auto kind = words.text();
  if (kind == "store") {
    manifest.store.store = words.text();
    manifest.store.created_at_micros = words.as<std::int64_t>();
  } else if (kind == "epoch") {
    auto epoch = words.as<std::uint64_t>();
    auto position = words.position();
    manifest.store.epochs.push_back({epoch, position, words.hash()});
  } else if (kind == "point") {
    auto at = words.time();
    auto position = words.position();
    auto recorded_at = words.time();
    manifest.points.push_back({at, {position, words.hash(), recorded_at}});
  } else if (kind == "log") {
    auto first = words.position(), last = words.position();
    manifest.log.push_back({first, last, words.file()});
  } else if (kind == "checkpoint" || kind == "imports" || kind == "places") {
    auto position = words.position();
    BackupManifest::Note note{position, words.file()};
    if (kind == "imports") manifest.imports = std::move(note);
    else if (kind == "places") manifest.places = std::move(note);
    else manifest.checkpoints.push_back(std::move(note));
  } else if (kind == "key") {
    manifest.verifier_keys.push_back(words.text());
  }
}

// Segments follow each other from event 1 to the last point.
bool dense(const BackupManifest& manifest) {
  std::uint64_t last = 0;
  for (const auto& segment : manifest.log) {
    if (segment.first.value != last + 1 || segment.last < segment.first) return false;
    last = segment.last.value;
  }
  auto ascending = std::is_sorted(manifest.points.begin(), manifest.points.end(),
                                  [](const auto& a, const auto& b) { return a.head.position < b.head.position; });
  return ascending && !manifest.points.empty() && manifest.points.back().head.position.value == last;
}

}  // namespace

bool BackupManifest::names(const std::string& path) const {
  auto all = files();
  return std::any_of(all.begin(), all.end(), [&](const auto* file) { return file->path == path; });
}

std::vector<const BackupFile*> BackupManifest::files() const {
  std::vector<const BackupFile*> all;
  for (const auto& segment : log) all.push_back(&segment.file);
  for (const auto& note : checkpoints) all.push_back(&note.file);
  if (imports) all.push_back(&imports->file);
  if (places) all.push_back(&places->file);
  return all;
}

fs::path manifest_path(const fs::path& backup) { return backup / kFirstWord; }

Error backup_damaged(std::string what) {
  return {ErrorCode::kCorrupt, "backup.damaged", "the backup is damaged: " + std::move(what), {}, {},
          "use another copy of it, or make a new one of the store into a new folder"};
}

Error at_backup(Error error) {
  if (error.reason != "store.full") return error;
  error.reason = "backup.full";
  error.hint = "make room there and run it again; what was backed up before is whole";
  return error;
}

Result<BackupManifest> read_manifest(const fs::path& backup) {
  auto text = read_file(manifest_path(backup));
  if (!text && text.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kNotFound, "backup.missing", "there is no backup in " + backup.string(), {}, {},
                 "name a folder that `rapport backup` filled"};
  if (!text) return text.error();
  auto lines = without_checksum(*text);
  if (!lines) return backup_damaged(manifest_path(backup).string());
  auto first = lines->substr(0, lines->find('\n'));
  if (first.starts_with(kFirstWord) && first != std::string(kFirstWord) + ' ' + std::string(kFormat))
    return Error{ErrorCode::kCorrupt, "backup.newer_format", backup.string() + " is of a later form", {}, {},
                 "use a newer version of rapport"};
  BackupManifest manifest;
  for (std::string_view rest = *lines; !rest.empty();) {
    auto end = std::min(rest.find('\n'), rest.size());
    add_line(manifest, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (to_text(manifest) != *text || !dense(manifest)) return backup_damaged(manifest_path(backup).string());
  return manifest;
}

Result<void> write_manifest(const fs::path& backup, const BackupManifest& manifest) {
  RAPPORT_ASSERT(dense(manifest));
  return write_file_durably(manifest_path(backup), to_text(manifest));
}

Result<BackupFile> measure(const fs::path& folder, const std::string& path) {
  FileHandle file(::open((folder / path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return io_error(folder / path, "cannot open");
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  RAPPORT_ASSERT(digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  BackupFile measured{0, {}, path};
  std::vector<char> part(1u << 20);
  for (;;) {
    auto got = ::read(file.get(), part.data(), part.size());
    if (got < 0) return io_error(folder / path, "cannot read");
    if (got == 0) break;
    measured.size += static_cast<std::uint64_t>(got);
    RAPPORT_ASSERT(EVP_DigestUpdate(digest.get(), part.data(), static_cast<std::size_t>(got)) == 1);
  }
  RAPPORT_ASSERT(EVP_DigestFinal_ex(digest.get(), measured.hash.data(), nullptr) == 1);
  return measured;
}

Result<void> compare(const fs::path& folder, const BackupFile& file) {
  std::error_code error;
  if (!fs::exists(folder / file.path, error)) return backup_damaged((folder / file.path).string() + " is missing");
  auto now = measure(folder, file.path);
  if (!now) return now.error();
  if (now->size == file.size && now->hash == file.hash) return {};
  return backup_damaged((folder / file.path).string() + " is not as it was written");
}

std::string with_checksum(const std::string& lines) {
  return lines + std::string(kChecksum) + to_hex(sha256({bytes_of(lines)})) + '\n';
}

std::optional<std::string> without_checksum(const std::string& text) {
  auto at = text.rfind(kChecksum);
  if (at == text.npos) return {};
  auto lines = text.substr(0, at);
  if (with_checksum(lines) != text) return {};
  return lines;
}

}  // namespace rapport
