#include "eventstore/rocks/acceptances.h"

#include <charconv>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr std::string_view kClock = "clock ", kLoss = "lost-tail ";
constexpr std::size_t kSealChars = 1 + 2 * sizeof(Hash);  // a space and the line's hash

std::filesystem::path accepted_path(const std::filesystem::path& store) { return store / "accepted"; }

Result<std::string> read_all(const std::filesystem::path& store) {
  auto text = read_file(accepted_path(store));
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  return text;
}

Result<void> add(const std::filesystem::path& store, std::string line) {
  auto text = read_all(store);
  if (!text) return text.error();
  line += ' ' + to_hex(sha256({bytes_of(line)}));
  return write_file_durably(accepted_path(store), *text + line + '\n');
}

std::string of(const Head& head) { return std::to_string(head.position.value) + ' ' + to_hex(head.root); }

}  // namespace

Result<Acceptances> read_acceptances(const std::filesystem::path& store) {
  auto text = read_all(store);
  if (!text) return text.error();
  Acceptances accepted;
  for (std::string_view rest = *text; !rest.empty();) {
    auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    auto whole = end != rest.npos && line.size() > kSealChars;
    auto words = whole ? line.substr(0, line.size() - kSealChars) : std::string_view();
    if (!whole || line.substr(words.size()) != ' ' + to_hex(sha256({bytes_of(words)})))
      return Error{ErrorCode::kCorrupt, "store.damaged", accepted_path(store).string() + " is not as it was written", {}, {}, "restore a backup"};
    rest.remove_prefix(end + 1);
    if (!words.starts_with(kClock)) continue;
    auto until = words.substr(words.rfind(' ') + 1);
    std::from_chars(until.data(), until.data() + until.size(), accepted.clock_until.micros);
  }
  return accepted;
}

Result<void> record_accepted_clock(const std::filesystem::path& store, Timestamp now, Timestamp until) {
  return add(store, std::string(kClock) + std::to_string(now.micros) + ' ' + std::to_string(until.micros));
}

Result<void> record_accepted_loss(const std::filesystem::path& store, Timestamp now, const Head& left, const Head& witnessed) {
  return add(store, std::string(kLoss) + std::to_string(now.micros) + ' ' + of(left) + ' ' + of(witnessed));
}

}  // namespace rapport
