#include "adapters/webhooks/attempt_log.h"

#include <fstream>

#include "eventstore/rocks/files.h"

namespace rapport::webhooks {
namespace {

constexpr const char *kNew = "deliveries.jsonl", *kOld = "deliveries.1.jsonl";

}  // namespace

Result<void> AttemptLog::append(std::string_view line) const {
  std::error_code error;
  auto path = folder_ / kNew;
  if (auto size = std::filesystem::file_size(path, error); !error && size + line.size() > kFileBytesMax)
    std::filesystem::rename(path, folder_ / kOld, error);
  std::filesystem::create_directories(folder_, error);
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << line << '\n';
  file.close();
  if (!file) return io_error(path, "cannot write");
  return {};
}

std::vector<std::string> AttemptLog::all() const {
  std::vector<std::string> lines;
  for (auto* name : {kOld, kNew}) {
    auto text = read_file(folder_ / name);
    if (!text) continue;  // for people: what is not there is not shown
    for (std::size_t at = 0, end; (end = text->find('\n', at)) != text->npos; at = end + 1) lines.push_back(text->substr(at, end - at));
  }
  return lines;
}

}  // namespace rapport::webhooks
