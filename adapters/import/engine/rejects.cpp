#include "adapters/import/engine/rejects.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rapport::import {

namespace {

void append_field(std::string_view text, std::string& out) {
  if (text.find_first_of(",\"\r\n") == text.npos) {
    out += text;
    return;
  }
  out += '"';
  for (char c : text) {
    out += c;
    if (c == '"') out += '"';
  }
  out += '"';
}

}  // namespace

Error Rejects::unwritable() const {
  return {ErrorCode::kUnavailable, "import.rejects_unwritable",
          path_ + ": " + std::strerror(errno)};
}

Result<void> Rejects::add(const std::string& file, std::uint64_t line, const RowFault& fault,
                          const std::string& raw) {
  std::string out;
  if (!file_) {
    std::error_code ignored;
    auto folder = std::filesystem::path(path_).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
    int handle = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (handle < 0) return unwritable();
    if (::fchmod(handle, 0600) != 0) return unwritable();  // also of a file that was there before
    file_.reset(::fdopen(handle, "wb"));
    out = "file,line,column,code,message,place,text\r\n";
  }
  append_field(file, out);
  out += ',' + std::to_string(line) + ',';
  for (const auto* text : {&fault.column, &fault.code, &fault.message, &fault.place}) {
    append_field(*text, out);
    out += ',';
  }
  append_field(raw, out);
  out += "\r\n";
  if (std::fwrite(out.data(), 1, out.size(), file_.get()) != out.size()) return unwritable();
  return {};
}

Result<void> Rejects::close() {
  if (file_ && std::fflush(file_.get()) != 0) return unwritable();
  return {};
}

}  // namespace rapport::import
