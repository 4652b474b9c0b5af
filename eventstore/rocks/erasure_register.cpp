#include "eventstore/rocks/erasure_register.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

Error damaged(const std::filesystem::path& path) {
  return {ErrorCode::kCorrupt, "keys.damaged", "the keys are damaged: " + path.string() + " is not as it was written", {}, {},
          "restore a backup of keys/"};
}

// Three numbers, each followed by a space.
bool read_numbers(std::string_view text, Erasure& erasure) {
  std::uint64_t at = 0;
  for (auto* number : {&erasure.key_id, &at, &erasure.position.value}) {
    auto end = text.find(' ');
    if (end == text.npos) return false;
    auto parsed = std::from_chars(text.data(), text.data() + end, *number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + end) return false;
    text.remove_prefix(end + 1);
  }
  erasure.at.micros = static_cast<std::int64_t>(at);
  return text.empty();
}

}  // namespace

std::string ErasureRegister::line_of(const Erasure& erasure) const {
  auto line = std::to_string(erasure.key_id) + ' ' + std::to_string(erasure.at.micros) + ' ' + std::to_string(erasure.position.value) + ' ';
  return line + to_hex(sign_(chain_ + line)) + '\n';
}

Result<void> ErasureRegister::take(std::string_view line) {
  Erasure erasure;
  auto numbers = line.substr(0, line.rfind(' ') + 1);
  if (!read_numbers(numbers, erasure) || line_of(erasure) != line) return damaged(path_);
  chain_ = line.substr(numbers.size(), line.size() - numbers.size() - 1);
  all_.push_back(erasure);
  ids_.insert(erasure.key_id);
  whole_bytes_ += line.size();
  return {};
}

Result<void> ErasureRegister::read() {
  auto text = read_file(path_);
  if (!text && text.error().code == ErrorCode::kNotFound) return {};
  if (!text) return text.error();
  std::string_view rest = *text;
  for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    if (auto taken = take(rest.substr(0, end + 1)); !taken) return taken;
    rest.remove_prefix(end + 1);
  }
  return {};
}

Result<void> ErasureRegister::append(std::span<const Erasure> erasures) {
  constexpr unsigned kOwnerOnly = 0600;
  FileHandle file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (!file.ok()) return io_error(path_, "cannot open");
  if (::ftruncate(file.get(), static_cast<off_t>(whole_bytes_)) != 0) return io_error(path_, "cannot cut");
  auto chain = chain_;
  std::string lines;
  for (const auto& erasure : erasures) {
    auto line = line_of(erasure);
    auto begin = line.rfind(' ') + 1;
    chain_ = line.substr(begin, line.size() - begin - 1);
    lines += line;
  }
  std::swap(chain, chain_);
  auto written = ::pwrite(file.get(), lines.data(), lines.size(), static_cast<off_t>(whole_bytes_));
  if (written != static_cast<ssize_t>(lines.size()) || ::fsync(file.get()) != 0) return io_error(path_, "cannot write");
  if (auto synced = sync_folder(path_.parent_path()); !synced) return synced;
  for (const auto& erasure : erasures) {
    all_.push_back(erasure);
    ids_.insert(erasure.key_id);
  }
  chain_ = std::move(chain);
  whole_bytes_ += lines.size();
  return {};
}

}  // namespace rapport
