#include "adapters/export/output_file.h"

#include <cerrno>
#include <cstring>

namespace rapport {

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)), part_(path_) {
  part_ += ".part";
  file_.open(part_, std::ios::binary | std::ios::trunc);
}

Result<std::unique_ptr<OutputFile>> OutputFile::create(const std::filesystem::path& path) {
  errno = 0;
  std::unique_ptr<OutputFile> file(new OutputFile(path));
  if (file->file_) return file;
  file->finished_ = true;  // what is there is not ours
  return file->unwritable();
}

OutputFile::~OutputFile() {
  if (finished_) return;
  file_.close();
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

Error OutputFile::unwritable() const {
  auto why = errno ? std::string(": ") + std::strerror(errno) : std::string();
  return {ErrorCode::kUnavailable, "export.unwritable", "cannot write " + path_.string() + why, "file", "a file in a folder that is there and has room"};
}

Result<void> OutputFile::write(std::string_view bytes) {
  file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file_) return unwritable();
  bytes_ += bytes.size();
  return {};
}

Result<void> OutputFile::finish() {
  file_.close();
  if (!file_) return unwritable();
  std::error_code failed;
  std::filesystem::rename(part_, path_, failed);
  if (failed) {
    errno = failed.value();
    return unwritable();
  }
  finished_ = true;
  return {};
}

}  // namespace rapport
