#include "adapters/import/source/text_lines.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace rapport::import {

namespace {

constexpr std::size_t kBlockBytes = 1u << 18;

struct Encoding {
  std::string_view name;
  const char* iconv;
};
constexpr Encoding kEncodings[] = {{"utf-8", ""},
                                   {"utf-16", "UTF-16LE"},
                                   {"windows-1252", "CP1252"},
                                   {"iso-8859-1", "ISO-8859-1"},
                                   {"gb18030", "GB18030"}};

struct Mark {
  std::string_view bytes, encoding;
  const char* iconv;
};
constexpr Mark kMarks[] = {{"\xEF\xBB\xBF", "utf-8", ""},
                           {"\xFF\xFE", "utf-16", "UTF-16LE"},
                           {"\xFE\xFF", "utf-16", "UTF-16BE"},
                           {"\x84\x31\x95\x33", "gb18030", "GB18030"}};

// Bytes of the UTF-8 sequence at the start, by the table of Unicode 3.9 (no surrogates, no overlong
// forms): 0 = malformed, -1 = cut by the end.
int sequence(const unsigned char* p, std::size_t left) {
  unsigned char first = p[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  int size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (int i = 1; i < size; ++i, low = 0x80, high = 0xBF) {
    if (static_cast<std::size_t>(i) >= left) return -1;
    if (p[i] < low || p[i] > high) return 0;
  }
  return size;
}

// How many bytes at the start are whole, well-formed UTF-8.
std::size_t well_formed(std::string_view bytes, bool& malformed) {
  auto p = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t eight;
    while (at + 8 <= bytes.size() &&
           (std::memcpy(&eight, p + at, 8), (eight & 0x8080808080808080u) == 0))
      at += 8;
    if (at == bytes.size()) break;
    int size = sequence(p + at, bytes.size() - at);
    if (size <= 0) {
      malformed = size == 0;
      return at;
    }
    at += static_cast<std::size_t>(size);
  }
  malformed = false;
  return at;
}

}  // namespace

bool is_encoding(std::string_view name) {
  return std::ranges::any_of(kEncodings, [&](const Encoding& e) { return e.name == name; });
}

Result<std::unique_ptr<TextLines>> TextLines::open(const std::string& path,
                                                   const std::string& encoding, LineEnds ends) {
  auto source = ByteSource::open(path);
  if (!source) return source.error();
  std::unique_ptr<TextLines> lines(new TextLines(path, std::move(*source), ends));
  if (auto begun = lines->begin(encoding); !begun) return begun.error();
  return lines;
}

TextLines::~TextLines() {
  if (converter_) iconv_close(static_cast<iconv_t>(converter_));
}

Result<void> TextLines::begin(const std::string& encoding) {
  const char* iconv_name = "";
  for (const auto& known : kEncodings)
    if (known.name == encoding) iconv_name = known.iconv;
  encoding_ = encoding;
  raw_.resize(kBlockBytes);
  auto count = source_->read(raw_);
  if (!count) return count.error();
  raw_.resize(*count);
  // UTF-16 without a mark: the header starts with an ASCII character, which shows the order.
  if (encoding == "utf-16" && raw_.size() >= 2 && raw_[0] == '\0') iconv_name = "UTF-16BE";
  for (const auto& mark : kMarks) {
    if (!raw_.starts_with(mark.bytes)) continue;
    raw_.erase(0, mark.bytes.size());
    encoding_ = mark.encoding;
    iconv_name = mark.iconv;
    break;
  }
  if (*iconv_name) {
    auto converter = iconv_open("UTF-8", iconv_name);
    if (converter == reinterpret_cast<iconv_t>(-1)) {
      return Error{ErrorCode::kInvalid, "source.bad_encoding",
                   path_ + ": this system cannot read " + encoding_};
    }
    converter_ = converter;
  }
  return converter_ ? convert() : take_utf8();
}

Result<void> TextLines::fill() {
  text_.erase(0, at_);
  at_ = 0;
  lf_.reset();
  std::size_t kept = raw_.size();
  raw_.resize(kept + kBlockBytes);
  auto count = source_->read(std::span(raw_).subspan(kept));
  if (!count) return count.error();
  raw_.resize(kept + *count);
  if (*count == 0) {
    ended_ = true;
    if (!raw_.empty()) return bad_encoding(text_);  // the text ends inside a character
    return {};
  }
  return converter_ ? convert() : take_utf8();
}

Result<void> TextLines::take_utf8() {
  bool malformed = false;
  std::size_t good = well_formed(raw_, malformed);
  text_.append(raw_, 0, good);
  raw_.erase(0, good);
  if (malformed) return bad_encoding(text_);
  return {};
}

Result<void> TextLines::convert() {
  char* in = raw_.data();
  std::size_t left = raw_.size();
  while (left) {
    std::size_t had = text_.size(), room = left * 3 + 16;
    text_.resize(had + room);
    char* out = text_.data() + had;
    std::size_t result = iconv(static_cast<iconv_t>(converter_), &in, &left, &out, &room);
    int why = errno;
    text_.resize(text_.size() - room);
    if (result != static_cast<std::size_t>(-1)) break;
    if (why == E2BIG) continue;
    if (why == EINVAL) break;  // cut inside a character: the next block goes on
    return bad_encoding(text_);
  }
  raw_.erase(0, raw_.size() - left);
  return {};
}

Error TextLines::bad_encoding(std::string_view good) const {
  auto begun = good.substr(at_);
  auto line = line_ + 1 + static_cast<std::uint64_t>(std::ranges::count(begun, '\n'));
  return {ErrorCode::kRejected,
          "source.bad_encoding",
          path_ + ":" + std::to_string(line) + ": bytes that are no " + encoding_,
          {},
          encoding_,
          "name the file's encoding in the mapping's dialect",
          line};
}

std::size_t TextLines::end_of_line(std::size_t from) {
  if (!lf_ || *lf_ < at_) lf_ = text_.find('\n', from);
  auto lf_end = *lf_ == text_.npos ? text_.npos : *lf_ + 1;
  if (ends_ == LineEnds::kLf) return lf_end;
  auto cr = std::string_view(text_).substr(0, *lf_).find('\r', from);
  if (cr == text_.npos || cr + 1 == *lf_) return lf_end;
  bool last = cr + 1 == text_.size();  // a "\n" may follow it
  return last && !ended_ ? text_.npos : cr + 1;
}

Result<std::string_view> TextLines::next() {
  std::size_t searched = at_;
  for (;;) {
    auto end = end_of_line(searched);
    if (end != text_.npos || (ended_ && at_ < text_.size())) {
      auto line = std::string_view(text_).substr(at_, end == text_.npos ? end : end - at_);
      at_ += line.size();
      ++line_;
      return line;
    }
    if (ended_) return std::string_view{};
    if (text_.size() - at_ > kLineBytesMax) {
      return Error{ErrorCode::kRejected, "source.line_too_long",
                   path_ + ":" + std::to_string(line_ + 1) + ": a line of more than 16 MiB",
                   {},
                   {},
                   "is this the file that was meant?",
                   line_ + 1};
    }
    searched = text_.size() - at_;
    if (searched && text_.back() == '\r') --searched;
    if (auto filled = fill(); !filled) return filled.error();
  }
}

}  // namespace rapport::import
