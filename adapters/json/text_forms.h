// The texts of values in JSON and on the command line: dates, times, currencies, base64. Strict:
// what does not exist is nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/values.h"

namespace rapport {

// "2011-02-28", years 1 to 9999.
std::optional<Date> parse_date(std::string_view text);
// RFC 3339 with up to six decimals, any offset, years 1 to 9999 (no leap seconds); or a bare date,
// meaning its start.
std::optional<Timestamp> parse_time(std::string_view text);
// Three capital letters.
std::optional<Currency> parse_currency(std::string_view text);

// Without quotes. Empty outside the years 1 to 9999. At most the decimals that are needed:
// "2011-02-28T10:00:00.5Z".
std::string to_text(Date date);
std::string to_text(Timestamp time);

void append_base64(std::span<const std::uint8_t> bytes, std::string& out);
std::optional<std::string> parse_base64(std::string_view text);  // RFC 4648, with its padding

// Bytes of the UTF-8 sequence at the start of a text that is not empty: 1 to 4; 0 if there is none.
std::size_t utf8_sequence(std::string_view text);
bool is_utf8(std::string_view text);

// The nearest of some names, if it is near enough to be meant: "stageId" for "stageID". Offered as
// a hint.
class NearestName {
 public:
  explicit NearestName(std::string_view wanted) : wanted_(wanted) {}
  void offer(std::string_view name);
  std::string hint() const;  // "did you mean stageId?", or empty

 private:
  std::string_view wanted_;
  std::string nearest_;
  std::size_t distance_ = ~std::size_t{0};
};

}  // namespace rapport
