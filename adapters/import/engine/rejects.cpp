#include "adapters/import/engine/rejects.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rapport::import {

namespace {

constexpr std::string_view kHeader = "file,line,column,code,message,place,text\r\n";

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

bool is_same_file(const struct stat& facts, const std::string& path) {
  struct stat other {};
  return ::stat(path.c_str(), &other) == 0 && other.st_dev == facts.st_dev &&
         other.st_ino == facts.st_ino;
}

// Empty, or what an import wrote there before.
bool holds_rejects(std::FILE* file) {
  std::string head(kHeader.size(), '\0');
  auto count = std::fread(head.data(), 1, head.size(), file);
  std::rewind(file);
  return count == 0 || head == kHeader;
}

}  // namespace

Error Rejects::unwritable(ErrorCode code) const {
  return {code, "import.rejects_unwritable", path_ + ": " + std::strerror(errno), {}, {},
          "--rejects names another file"};
}

Result<std::unique_ptr<Rejects>> Rejects::open(const std::string& path,
                                               const std::vector<std::string>& inputs) {
  std::error_code ignored;
  auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  std::unique_ptr<Rejects> rejects(new Rejects(path));
  rejects->made_ = !std::filesystem::exists(path, ignored);
  // Never waits for the other end of a pipe.
  int handle = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (handle < 0) return rejects->unwritable(ErrorCode::kInvalid);
  rejects->file_.reset(::fdopen(handle, "r+b"));
  if (auto checked = rejects->check(inputs); !checked) return checked.error();
  return rejects;
}

Result<void> Rejects::check(const std::vector<std::string>& inputs) const {
  auto in_use = [&](const std::string& why) {
    return Error{ErrorCode::kInvalid, "import.rejects_in_use", path_ + " " + why, {}, {},
                 "--rejects names a file that is not there yet"};
  };
  struct stat facts {};
  if (::fstat(::fileno(file_.get()), &facts) != 0) return unwritable(ErrorCode::kInvalid);
  if (!S_ISREG(facts.st_mode)) return in_use("is no regular file");
  for (const auto& input : inputs)
    if (is_same_file(facts, input)) return in_use("is a file that is to be imported");
  if (!holds_rejects(file_.get())) return in_use("holds something else than an import's rejects");
  return {};
}

Result<void> Rejects::add(const std::string& file, std::uint64_t line, const RowFault& fault,
                          const std::string& raw) {
  std::string out;
  if (!any_) {
    int handle = ::fileno(file_.get());
    if (::ftruncate(handle, 0) != 0) return unwritable(ErrorCode::kUnavailable);
    if (::fchmod(handle, 0600) != 0) return unwritable(ErrorCode::kUnavailable);
    out = kHeader;
    any_ = true;
  }
  append_field(file, out);
  out += ',' + std::to_string(line) + ',';
  for (const auto* text : {&fault.column, &fault.code, &fault.message, &fault.place}) {
    append_field(*text, out);
    out += ',';
  }
  append_field(raw, out);
  out += "\r\n";
  if (std::fwrite(out.data(), 1, out.size(), file_.get()) != out.size())
    return unwritable(ErrorCode::kUnavailable);
  return {};
}

Result<void> Rejects::close() {
  if (any_ && std::fflush(file_.get()) != 0) return unwritable(ErrorCode::kUnavailable);
  if (!any_) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    made_ = false;
  }
  return {};
}

Rejects::~Rejects() {
  std::error_code ignored;
  if (made_ && !any_) std::filesystem::remove(path_, ignored);  // of a run that ended before a row
}

}  // namespace rapport::import
