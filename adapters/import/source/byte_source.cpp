#include "adapters/import/source/byte_source.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace rapport::import {

namespace {

Error no_file(const std::string& path) {
  return {ErrorCode::kNotFound, "import.no_file", path + ": " + std::strerror(errno)};
}
Error damaged(const std::string& path, const std::string& why) {
  return {ErrorCode::kInvalid, "source.damaged", path + ": " + why};
}

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    errno = EISDIR;
    return no_file(path);
  }
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) return no_file(path);
  gzbuffer(file, 1u << 18);
  return std::unique_ptr<ByteSource>(new ByteSource(path, file));
}

ByteSource::~ByteSource() { gzclose_r(static_cast<gzFile>(file_)); }

Result<std::size_t> ByteSource::read(std::span<char> to) {
  auto file = static_cast<gzFile>(file_);
  auto wanted = static_cast<unsigned>(std::min<std::size_t>(to.size(), 1u << 30));
  int count = gzread(file, to.data(), wanted);
  int code = Z_OK;
  const char* why = gzerror(file, &code);
  // A file that ends inside a gzip member yields its bytes first and Z_BUF_ERROR with the last of
  // them.
  if (count < 0 || (static_cast<unsigned>(count) < wanted && code == Z_BUF_ERROR)) {
    return damaged(path_, code == Z_BUF_ERROR ? "the gzip file is cut short" : why);
  }
  return static_cast<std::size_t>(count);
}

std::uint64_t ByteSource::consumed_bytes() const {
  auto offset = gzoffset(static_cast<gzFile>(file_));
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

Result<FileFacts> facts_of(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    errno = EISDIR;
    return no_file(path);
  }
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return no_file(path);
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  RAPPORT_ASSERT(EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1);
  FileFacts facts{.path = path, .name = std::filesystem::path(path).filename().string()};
  std::vector<char> block(1u << 18);
  while (std::size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    EVP_DigestUpdate(digest.get(), block.data(), count);
    facts.bytes += count;
  }
  if (std::ferror(file.get())) return damaged(path, std::strerror(errno));
  EVP_DigestFinal_ex(digest.get(), facts.sha256.data(), nullptr);
  return facts;
}

}  // namespace rapport::import
