#include "adapters/import/engine/external_sort.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <queue>

namespace rapport::import {

namespace {

Error no_space() {
  return {ErrorCode::kUnavailable,
          "import.no_space",
          std::string("a temporary file for sorting: ") + std::strerror(errno),
          {},
          {},
          "TMPDIR names the folder"};
}

}  // namespace

// A sorted run in a temporary file that has no name: it goes with the process, however that ends.
class ExternalSort::Run {
 public:
  static Result<std::unique_ptr<Run>> make() {
    std::FILE* file = std::tmpfile();
    if (!file) return no_space();
    return std::unique_ptr<Run>(new Run(file));
  }
  ~Run() { std::fclose(file_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool write(std::string_view k, std::string_view p) {
    std::uint32_t sizes[] = {static_cast<std::uint32_t>(k.size()),
                             static_cast<std::uint32_t>(p.size())};
    return std::fwrite(sizes, sizeof sizes, 1, file_) == 1 &&
           std::fwrite(k.data(), 1, k.size(), file_) == k.size() &&
           std::fwrite(p.data(), 1, p.size(), file_) == p.size();
  }
  bool rewind() { return std::fflush(file_) == 0 && std::fseek(file_, 0, SEEK_SET) == 0; }
  // False at the end.
  bool next() {
    std::uint32_t sizes[2];
    if (std::fread(sizes, sizeof sizes, 1, file_) != 1) return false;
    key.resize(sizes[0]);
    payload.resize(sizes[1]);
    return std::fread(key.data(), 1, key.size(), file_) == key.size() &&
           std::fread(payload.data(), 1, payload.size(), file_) == payload.size();
  }
  bool failed() const { return std::ferror(file_) != 0; }

  std::string key, payload;  // the record that next() read

 private:
  explicit Run(std::FILE* file) : file_(file) {}
  std::FILE* file_;
};

ExternalSort::ExternalSort(std::size_t memory_bytes_max) : memory_bytes_max_(memory_bytes_max) {}
ExternalSort::~ExternalSort() = default;

Result<void> ExternalSort::add(std::string_view key, std::string_view payload) {
  if (bytes_.size() + key.size() + payload.size() + (entries_.size() + 1) * sizeof(Entry) >
          memory_bytes_max_ &&
      !entries_.empty()) {
    if (auto spilled = spill(); !spilled) return spilled;
  }
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i)
    prefix = prefix << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  entries_.push_back({bytes_.size(), static_cast<std::uint32_t>(key.size()),
                      static_cast<std::uint32_t>(payload.size()), prefix});
  bytes_.append(key).append(payload);
  return {};
}

void ExternalSort::sort() {
  std::ranges::sort(entries_, [&](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    auto order = key(a).compare(key(b));
    return order ? order < 0 : a.at < b.at;
  });
}

Result<void> ExternalSort::spill() {
  sort();
  auto run = Run::make();
  if (!run) return run.error();
  for (const auto& entry : entries_)
    if (!(*run)->write(key(entry), payload(entry))) return no_space();
  if (!(*run)->rewind()) return no_space();
  runs_.push_back(std::move(*run));
  entries_.clear();
  bytes_.clear();
  return {};
}

Result<void> ExternalSort::each(
    const std::function<Result<void>(std::string_view key, std::string_view payload)>& take) {
  if (runs_.empty()) {
    sort();
    for (const auto& entry : entries_)
      if (auto taken = take(key(entry), payload(entry)); !taken) return taken;
    return {};
  }
  if (!entries_.empty())
    if (auto spilled = spill(); !spilled) return spilled;
  bytes_ = std::string();
  entries_ = std::vector<Entry>();
  auto later = [&](std::size_t a, std::size_t b) {
    return runs_[a]->key != runs_[b]->key ? runs_[a]->key > runs_[b]->key : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> heads(later);
  for (std::size_t i = 0; i < runs_.size(); ++i)
    if (runs_[i]->next()) heads.push(i);
  while (!heads.empty()) {
    auto i = heads.top();
    heads.pop();
    if (auto taken = take(runs_[i]->key, runs_[i]->payload); !taken) return taken;
    if (runs_[i]->next())
      heads.push(i);
    else if (runs_[i]->failed())
      return no_space();
  }
  return {};
}

}  // namespace rapport::import
