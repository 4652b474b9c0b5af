// What the pages of the catalogue are made of.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rapport::catalogue {

std::string escaped(std::string_view text);

// A whole page in English; `body` is markup, `title` text. `home` is a link back to the page in front.
std::string page(std::string_view title, std::string_view body, bool home);

// A table with a caption and a row of column headers; the first cell of each row is its header. Cells are markup.
std::string table(std::string_view caption, const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows);

std::string code(std::string_view text);                        // <code>
std::string link(std::string_view to, std::string_view markup);  // <a>
std::string element(std::string_view name, std::string_view markup);

}  // namespace rapport::catalogue
