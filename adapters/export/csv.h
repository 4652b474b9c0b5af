// Lines of CSV, RFC 4180.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rapport {

// In quotes if need be.
void append_csv_field(std::string_view text, std::string& out);
std::string csv_line(const std::vector<std::string>& fields);
// Nothing is an empty field, an empty text `""`.
std::string csv_line(const std::vector<std::optional<std::string>>& fields);

}  // namespace rapport
