#include "adapters/export/csv.h"

namespace rapport {

void append_csv_field(std::string_view text, std::string& out) {
  if (text.find_first_of(",\"\r\n") == text.npos) {
    out += text;
    return;
  }
  out += '"';
  for (auto c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string out;
  for (auto& field : fields) {
    if (&field != &fields.front()) out += ',';
    append_csv_field(field, out);
  }
  return out + "\r\n";
}

std::string csv_line(const std::vector<std::optional<std::string>>& fields) {
  std::string out;
  for (auto& field : fields) {
    if (&field != &fields.front()) out += ',';
    if (field && field->empty()) out += "\"\"";
    else if (field) append_csv_field(*field, out);
  }
  return out + "\r\n";
}

}  // namespace rapport
