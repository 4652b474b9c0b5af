#include "adapters/import/source/byte_source.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace rapport::import {

namespace {

constexpr std::size_t kBlockBytes = 1u << 18;

Error no_file(const std::string& path) {
  return {ErrorCode::kNotFound, "import.no_file", path + ": " + std::strerror(errno), {}, {},
          "name a file that can be read"};
}
Error damaged(const std::string& path, const std::string& why) {
  return {ErrorCode::kRejected, "source.damaged", path + ": " + why, {}, {},
          "fetch the file once more, whole"};
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<File> open_regular(const std::string& path) {
  struct stat facts {};
  // Looked at before it is opened: to open a pipe would wait for its other end.
  if (::stat(path.c_str(), &facts) != 0) return no_file(path);
  if (!S_ISREG(facts.st_mode))
    return Error{ErrorCode::kInvalid, "import.not_a_file",
                 path + ": is no regular file", {}, "a file",
                 "an import reads each file twice: write the data to a file first"};
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return no_file(path);
  return file;
}

}  // namespace

// Members of a gzip file, one after the other.
class ByteSource::Gunzip {
 public:
  Gunzip() { RAPPORT_ASSERT(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK); }
  ~Gunzip() { inflateEnd(&stream_); }

  Result<std::size_t> read(ByteSource& from, std::span<char> to) {
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = static_cast<unsigned>(std::min<std::size_t>(to.size(), 1u << 30));
    const auto room = stream_.avail_out;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) {
        auto more = refill(from);
        if (!more) return more.error();
        if (!*more && between_) return std::size_t{0};
        if (!*more) return damaged(from.path_, "the gzip file is cut short");
      }
      if (between_ && !at_member())
        return damaged(from.path_, "something that is no gzip follows its end");
      between_ = false;
      auto code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        between_ = true;
        inflateReset(&stream_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return damaged(from.path_, stream_.msg ? stream_.msg : "the gzip file is broken");
      }
    }
    return std::size_t{room - stream_.avail_out};
  }

 private:
  Result<bool> refill(ByteSource& from) {
    in_.resize(kBlockBytes);
    auto count = std::fread(in_.data(), 1, in_.size(), from.file_.get());
    if (std::ferror(from.file_.get())) return damaged(from.path_, std::strerror(errno));
    from.consumed_ += count;
    stream_.next_in = in_.data();
    stream_.avail_in = static_cast<unsigned>(count);
    return count > 0;
  }
  bool at_member() const { return stream_.next_in[0] == 0x1F; }  // the rest inflate checks

  z_stream stream_{};
  std::vector<Bytef> in_;
  bool between_ = false;  // a member has ended
};

ByteSource::ByteSource(std::string path, File file)
    : path_(std::move(path)), file_(std::move(file)) {}
ByteSource::~ByteSource() = default;

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  auto file = open_regular(path);
  if (!file) return file.error();
  unsigned char mark[2];
  bool gzip = std::fread(mark, 1, 2, file->get()) == 2 && mark[0] == 0x1F && mark[1] == 0x8B;
  std::rewind(file->get());
  std::unique_ptr<ByteSource> source(new ByteSource(path, std::move(*file)));
  if (gzip) source->gunzip_ = std::make_unique<Gunzip>();
  return source;
}

Result<std::size_t> ByteSource::read(std::span<char> to) {
  if (gunzip_) return gunzip_->read(*this, to);
  auto count = std::fread(to.data(), 1, to.size(), file_.get());
  if (std::ferror(file_.get())) return damaged(path_, std::strerror(errno));
  consumed_ += count;
  return count;
}

std::uint64_t ByteSource::consumed_bytes() const { return consumed_; }

Result<FileFacts> facts_of(const std::string& path) {
  auto file = open_regular(path);
  if (!file) return file.error();
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  RAPPORT_ASSERT(EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  FileFacts facts{.path = path, .name = std::filesystem::path(path).filename().string()};
  std::vector<char> block(kBlockBytes);
  while (std::size_t count = std::fread(block.data(), 1, block.size(), file->get())) {
    EVP_DigestUpdate(digest.get(), block.data(), count);
    facts.bytes += count;
  }
  if (std::ferror(file->get())) return damaged(path, std::strerror(errno));
  EVP_DigestFinal_ex(digest.get(), facts.sha256.data(), nullptr);
  return facts;
}

}  // namespace rapport::import
