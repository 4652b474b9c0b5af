#include "projections/held_shares.h"

#include <array>
#include <fstream>
#include <random>

#include "eventstore/event.h"

namespace rapport::projections {
namespace fs = std::filesystem;

fs::path shares_folder(const fs::path& dir, const std::string& view) { return dir / (view + ".shares"); }

fs::path share_folder(const fs::path& dir, const std::string& view, const Share& share) {
  return shares_folder(dir, view) / (std::to_string(share.number) + "-of-" + std::to_string(share.count));
}

namespace {

// At once or not at all; makes the folder.
Result<void> replace(const fs::path& path, const std::string& text) {
  auto beside = path;
  beside += ".new";
  std::error_code fault;
  fs::create_directories(path.parent_path(), fault);
  std::ofstream file(beside, std::ios::trunc);
  file << text;
  file.close();
  if (file) fs::rename(beside, path, fault);
  if (file && !fault) return {};
  return Error{.code = ErrorCode::kUnavailable,
               .reason = "state.unwritable",
               .message = path.string() + " cannot be written" + (fault ? ": " + fault.message() : "")};
}

}  // namespace

Result<void> hold_shares(const fs::path& dir, const std::string& view, std::span<const Share> shares) {
  std::string lines;
  for (const auto& share : shares) lines += to_text(share) + "\n";
  return replace(shares_folder(dir, view) / "held", lines);
}

Result<std::string> directory_name(const fs::path& dir, const std::string& view) {
  const auto path = shares_folder(dir, view) / "name";
  std::string name;
  if (std::ifstream file(path); std::getline(file, name) && name.size() == 16) return name;
  std::array<std::uint8_t, 8> bytes{};
  std::random_device random;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  name = to_hex(bytes);
  if (auto written = replace(path, name + "\n"); !written) return written.error();
  return name;
}

Result<std::optional<std::vector<Share>>> held_shares(const fs::path& dir, const std::string& view) {
  const auto path = shares_folder(dir, view) / "held";
  std::error_code fault;
  if (!fs::exists(path, fault)) return std::optional<std::vector<Share>>();
  std::ifstream file(path);
  std::vector<Share> held;
  for (std::string line; std::getline(file, line);) {
    auto share = parse_share(line);
    if (!share)
      return Error{.code = ErrorCode::kCorrupt,
                   .reason = "state.damaged",
                   .message = path.string() + " has a line that is no share",
                   .hint = "start the worker again: it writes the file anew"};
    held.push_back(*share);
  }
  return std::optional(std::move(held));
}

}  // namespace rapport::projections
