// A table of text for a person: columns of equal width, also with Chinese, combining and emoji characters.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rapport::cli {

enum class Align : bool { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};

// Columns of a terminal that the text takes (Unicode's East Asian Width, by utf8proc).
std::size_t display_width(std::string_view text);

// Control characters (a terminal would obey them) as \n, \t, \u{1b}; everything else byte for byte.
std::string printable(std::string_view text);

// Lines of the table, a header and a rule first, each ended by a line break.
std::string lay_out(const std::vector<TableColumn>& columns, const std::vector<std::vector<std::string>>& rows);

}  // namespace rapport::cli
