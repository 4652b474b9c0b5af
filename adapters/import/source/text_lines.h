// A file's text in UTF-8, line by line, whatever encoding it has. Memory is bounded by the longest
// line.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/import/source/byte_source.h"
#include "domain/result.h"

namespace rapport::import {

inline constexpr std::size_t kLineBytesMax = 16u << 20;

// utf-8, utf-16, windows-1252, iso-8859-1, gb18030.
bool is_encoding(std::string_view name);

// What ends a line: "\n" alone, or "\r" too where no "\n" follows it (CSV of old Macs).
enum class LineEnds : std::uint8_t { kLf, kLfOrCr };

// One thread.
class TextLines final {
 public:
  // A byte order mark of UTF-8, UTF-16 or GB 18030 overrules `encoding` and is not part of the
  // text.
  static Result<std::unique_ptr<TextLines>> open(const std::string& path,
                                                 const std::string& encoding,
                                                 LineEnds ends = LineEnds::kLf);
  ~TextLines();
  TextLines(const TextLines&) = delete;
  TextLines& operator=(const TextLines&) = delete;

  // The next line with what ends it; empty at the end of the text. Borrows until the next call.
  // Errors name file and line: "source.bad_encoding", "source.line_too_long", "source.damaged".
  Result<std::string_view> next();
  std::uint64_t line() const { return line_; }  // number of the line that next() gave, from 1
  std::uint64_t consumed_bytes() const { return source_->consumed_bytes(); }

 private:
  TextLines(std::string path, std::unique_ptr<ByteSource> source, LineEnds ends)
      : path_(std::move(path)), source_(std::move(source)), ends_(ends) {}
  // One past the line that begins at at_, or npos if its end is not known yet. What lies before
  // `from` was searched already.
  std::size_t end_of_line(std::size_t from);
  Result<void> begin(const std::string& encoding);
  Result<void> fill();
  Result<void> convert();
  Result<void> take_utf8();
  Error bad_encoding(std::string_view good) const;

  std::string path_;
  std::unique_ptr<ByteSource> source_;
  const LineEnds ends_;
  void* converter_ = nullptr;  // iconv_t; null for UTF-8
  std::string encoding_;
  std::string raw_;   // bytes not yet decoded: at most the start of a character between calls
  std::string text_;  // decoded, not yet given out from at_ on
  std::size_t at_ = 0;
  std::optional<std::size_t> lf_;  // the first "\n" from at_ on, npos: there is none; nothing: unknown
  std::uint64_t line_ = 0;
  bool ended_ = false;
};

}  // namespace rapport::import
