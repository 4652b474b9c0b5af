// Options whose text is kept as it was typed, so that the verb, not the parser of the command line, says what is wrong with it
// and which option it was given for.
#pragma once
#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "domain/result.h"

namespace rapport::cli {

// Nothing while the option is not given; an empty text if it is given with nothing in it.
using TypedText = std::optional<std::string>;

// A whole number of 0 or more. A conversion by the parser would take "-1" for 18446744073709551615.
struct WholeNumber {
  TypedText text;
};

CLI::Option* add_typed(CLI::App* verb, const std::string& name, TypedText& into, const std::string& description);
CLI::Option* add_typed(CLI::App* verb, const std::string& name, WholeNumber& into, const std::string& description);

// The text; empty while it is not given. Given with nothing in it is a slip, such as a variable that is not set, and never what
// it would mean to leave it out. Errors: kInvalid "usage" with `option` ("asOf") as its field.
Result<std::string> text_of(const TypedText& typed, const std::string& option, const std::string& expected);
// The number, if it is given. Errors: as above.
Result<std::optional<std::uint64_t>> number_of(const WholeNumber& typed, const std::string& option);

}  // namespace rapport::cli
