#include "tests/sim/disk.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace rapport::sim {
namespace {

constexpr std::uint64_t kSectorBytes = 512, kPageBytes = 4096;
using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

std::string folder_of(const std::string& path) {
  auto end = path.rfind('/');
  return end == path.npos ? std::string() : path.substr(0, end);
}

void change_names(std::map<std::string, FileNumber>& names, const Call& call) {
  if (call.kind == Call::Kind::kCreate) names[call.path] = call.file;
  if (call.kind == Call::Kind::kRemove) names.erase(call.path);
  if (call.kind != Call::Kind::kRename) return;
  auto moved = names.extract(call.path);
  if (moved.empty()) return;
  names[call.to] = moved.mapped();
  if (moved.mapped() != kFolder) return;
  auto prefix = call.path + '/';
  for (auto it = names.lower_bound(prefix); it != names.end() && it->first.starts_with(prefix);) {
    names[call.to + it->first.substr(call.path.size())] = it->second;
    it = names.erase(it);
  }
}

void change_bytes(std::string& content, const Call& call) {
  if (call.kind == Call::Kind::kTruncate) return content.resize(call.offset, '\0');
  if (content.size() < call.offset + call.bytes.size()) content.resize(call.offset + call.bytes.size(), '\0');
  std::copy(call.bytes.begin(), call.bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(call.offset));
}

bool share_a_page(const Call& a, const Call& b) {
  auto first = [](const Call& call) { return call.offset / kPageBytes; };
  auto last = [](const Call& call) { return (call.offset + call.bytes.size()) / kPageBytes; };
  return first(a) <= last(b) && first(b) <= last(a);
}

// The writes up to some byte of them.
void change_up_to(std::string& content, const std::vector<Call>& calls, std::size_t bytes) {
  for (const auto& call : calls) {
    if (call.bytes.size() <= bytes) {
      change_bytes(content, call);
      bytes -= call.bytes.size();
      continue;
    }
    // Over bytes that are there a disk writes whole sectors.
    auto end = call.offset + bytes;
    if (end < content.size()) end = std::max(call.offset, end - end % kSectorBytes);
    auto torn = call;
    torn.bytes.resize(end - call.offset);
    if (!torn.bytes.empty()) change_bytes(content, torn);
    return;
  }
}

void change_sectors(std::string& content, const std::vector<Call>& calls, Random& random, bool zeros) {
  for (const auto& call : calls) {
    if (call.kind == Call::Kind::kTruncate) {
      change_bytes(content, call);
      continue;
    }
    for (std::size_t done = 0; done < call.bytes.size();) {
      auto at = call.offset + done;
      auto size = std::min<std::uint64_t>(kSectorBytes - at % kSectorBytes, call.bytes.size() - done);
      Call sector{Call::Kind::kWrite, call.file, at, call.bytes.substr(done, size), {}, {}};
      auto there = !zeros && random() % 2 == 0;
      if (there) change_bytes(content, sector);
      else if (content.size() < at + size) content.resize(at + size, '\0');  // the size is known, the bytes are not
      done += size;
    }
  }
}

}  // namespace

Disk::Disk(const Journal& journal) : durable_(journal.entries) {
  for (const auto& [number, content] : journal.contents) files_[number].durable = content;
}

void Disk::make(const Call& call) {
  auto& file = files_[call.file];
  switch (call.kind) {
    case Call::Kind::kWrite:
    case Call::Kind::kTruncate: file.unsynced.push_back(call); return;
    case Call::Kind::kSync:
      // A page that was written again is synced as a whole.
      std::erase_if(file.doubtful, [&](const Call& before) {
        auto again = std::any_of(file.unsynced.begin(), file.unsynced.end(), [&](const Call& later) { return share_a_page(before, later); });
        if (again) change_bytes(file.durable, before);
        return again;
      });
      for (const auto& change : file.unsynced) change_bytes(file.durable, change);
      file.unsynced.clear();
      return;
    case Call::Kind::kFailedSync:
      file.doubtful.insert(file.doubtful.end(), file.unsynced.begin(), file.unsynced.end());
      file.unsynced.clear();
      return;
    case Call::Kind::kSyncFolder: {
      auto concerns = [&](const Call& change) {
        return folder_of(change.path) == call.path || (change.kind == Call::Kind::kRename && folder_of(change.to) == call.path);
      };
      for (const auto& change : unsynced_names_)
        if (concerns(change)) change_names(durable_, change);
      std::erase_if(unsynced_names_, concerns);
      return;
    }
    case Call::Kind::kCreate:
    case Call::Kind::kRename:
    case Call::Kind::kRemove: unsynced_names_.push_back(call); return;
  }
}

std::string Disk::after_cut(const File& file, Random& random) {
  auto content = file.durable;
  for (const auto* calls : {&file.doubtful, &file.unsynced}) {
    std::size_t bytes = 0;
    for (const auto& call : *calls) bytes += call.bytes.size();
    switch (below(random, 5)) {
      case 0: break;
      case 1: change_up_to(content, *calls, bytes); break;
      case 2: change_up_to(content, *calls, below(random, bytes + 1)); break;
      case 3: change_sectors(content, *calls, random, false); break;
      default: change_sectors(content, *calls, random, true); break;
    }
  }
  return content;
}

void Disk::cut_power(Random& random, const std::filesystem::path& to) const {
  auto names = durable_;
  auto made = std::array<std::size_t, 3>{0, unsynced_names_.size(), below(random, unsynced_names_.size() + 1)}[below(random, 3)];
  for (std::size_t i = 0; i < made; ++i) change_names(names, unsynced_names_[i]);
  std::filesystem::create_directories(to);
  for (const auto& [name, number] : names) {
    auto folder = folder_of(name);
    if (!folder.empty() && !std::filesystem::is_directory(to / folder)) continue;  // its folder's name was lost
    if (number == kFolder) {
      std::filesystem::create_directory(to / name);
      continue;
    }
    auto content = after_cut(files_.at(number), random);
    std::ofstream(to / name, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

}  // namespace rapport::sim
