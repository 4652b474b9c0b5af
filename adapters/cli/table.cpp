#include "adapters/cli/table.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

namespace rapport::cli {
namespace {

// Calls f(code point, its bytes) for each character; a byte that begins none counts as one.
void each_character(std::string_view text, auto&& f) {
  for (std::size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = -1;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                   static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    auto bytes = length > 0 ? static_cast<std::size_t>(length) : 1;
    f(code, text.substr(at, bytes));
    at += bytes;
  }
}

bool is_control(utf8proc_int32_t code) {
  // Besides the control characters the marks that turn the direction of writing: they would reorder the line.
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  each_character(text, [&](utf8proc_int32_t code, std::string_view) {
    width += code < 0 ? 1 : static_cast<std::size_t>(std::max(0, utf8proc_charwidth(code)));
  });
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  each_character(text, [&](utf8proc_int32_t code, std::string_view bytes) {
    if (code == '\n') out += "\\n";
    else if (code == '\r') out += "\\r";
    else if (code == '\t') out += "\\t";
    else if (code >= 0 && is_control(code)) out += fmt::format("\\u{{{:x}}}", code);
    else if (code < 0) out += "\xef\xbf\xbd";
    else out += bytes;
  });
  return out;
}

std::string lay_out(const std::vector<TableColumn>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (auto& column : columns) widths.push_back(display_width(column.title));
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  std::string out;
  auto add_line = [&](auto&& cell_of) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& cell = cell_of(i);
      std::string gap(widths[i] - display_width(cell), ' ');
      if (i) out += "  ";
      out += columns[i].align == Align::kRight ? gap + cell : cell + gap;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  add_line([&](std::size_t i) -> const std::string& { return columns[i].title; });
  std::vector<std::string> rules;
  for (auto width : widths) {
    rules.emplace_back();
    for (std::size_t i = 0; i < width; ++i) rules.back() += "─";
  }
  add_line([&](std::size_t i) -> const std::string& { return rules[i]; });
  for (auto& row : rows) add_line([&](std::size_t i) -> const std::string& { return row[i]; });
  return out;
}

}  // namespace rapport::cli
