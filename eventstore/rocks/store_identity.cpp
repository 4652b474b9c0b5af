#include "eventstore/rocks/store_identity.h"

#include <charconv>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr unsigned kFormat = 1;
constexpr std::size_t kUuidChars = 36;

Error damaged_config(const std::filesystem::path& dir) {
  return {ErrorCode::kCorrupt, "store.config_damaged", identity_path(dir).string() + " is damaged", {}, {}, "restore a backup"};
}

// Takes what is before it and the name away, and the number behind it; nothing if it is not so.
template <class Number>
bool take_number(std::string_view& text, std::string_view name, Number& number) {
  auto at = text.find(name);
  if (at == text.npos) return false;
  text.remove_prefix(at + name.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take_epoch(std::string_view& text, Epoch& epoch) {
  constexpr std::string_view kRoot = ",\"root\":\"";
  if (!take_number(text, "{\"epoch\":", epoch.number) || !take_number(text, ",\"position\":", epoch.position.value)) return false;
  if (!text.starts_with(kRoot)) return false;
  auto root = hash_of_hex(text.substr(kRoot.size(), 2 * sizeof(Hash)));
  if (!root) return false;
  epoch.root = *root;
  return true;
}

}  // namespace

std::filesystem::path identity_path(const std::filesystem::path& store) { return store / "rapport.json"; }

std::optional<Hash> hash_of_hex(std::string_view hex) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Hash hash{};
  if (hex.size() != 2 * hash.size()) return {};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    auto digit = kDigits.find(hex[i]);
    if (digit == kDigits.npos) return {};
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4 | digit);
  }
  return hash;
}

std::string StoreIdentity::origin_of(std::uint64_t epoch) const {
  return "rapport/" + store + (epoch > 1 ? '/' + std::to_string(epoch) : "");
}

std::optional<Position> StoreIdentity::shared_with(std::string_view origin) const {
  for (std::size_t i = 0; i <= epochs.size(); ++i) {
    if (origin != origin_of(i == 0 ? 1 : epochs[i - 1].number)) continue;
    // A later cut may lie before an earlier one.
    Position until{~std::uint64_t{0}};
    for (auto later = i; later < epochs.size(); ++later) until = std::min(until, epochs[later].position);
    return until;
  }
  return {};
}

std::string to_text(const StoreIdentity& identity) {
  auto text = "{\"format\":" + std::to_string(kFormat) + ",\"store\":\"" + identity.store + "\",\"origin\":\"" + identity.origin() +
              "\",\"createdAtMicros\":" + std::to_string(identity.created_at_micros);
  for (std::size_t i = 0; i < identity.epochs.size(); ++i) {
    const auto& epoch = identity.epochs[i];
    text += i == 0 ? ",\"epochs\":[" : ",";
    text += "{\"epoch\":" + std::to_string(epoch.number) + ",\"position\":" + std::to_string(epoch.position.value) + ",\"root\":\"" +
            to_hex(epoch.root) + "\"}";
  }
  if (!identity.epochs.empty()) text += ']';
  return text + ",\"checksum\":\"" + to_hex(sha256({bytes_of(text)})) + "\"}\n";
}

Result<StoreIdentity> read_identity(const std::filesystem::path& dir) {
  auto text = read_file(identity_path(dir));
  if (!text) return text.error();
  std::string_view rest = *text;
  unsigned format = 0;
  if (!take_number(rest, "{\"format\":", format)) return damaged_config(dir);
  if (format > kFormat)
    return Error{ErrorCode::kCorrupt, "store.newer_format",
                 dir.string() + " has format " + std::to_string(format) + "; this program knows up to " + std::to_string(kFormat),
                 {}, {}, "use a newer version of rapport"};
  constexpr std::string_view kStore = ",\"store\":\"";
  if (!rest.starts_with(kStore)) return damaged_config(dir);
  StoreIdentity identity{std::string(rest.substr(kStore.size(), kUuidChars))};
  if (!take_number(rest, ",\"createdAtMicros\":", identity.created_at_micros)) return damaged_config(dir);
  for (Epoch epoch; take_epoch(rest, epoch);) identity.epochs.push_back(epoch);
  if (*text != to_text(identity)) return damaged_config(dir);
  return identity;
}

Result<void> write_identity(const std::filesystem::path& store, const StoreIdentity& identity) {
  return write_file_durably(identity_path(store), to_text(identity));
}

}  // namespace rapport
