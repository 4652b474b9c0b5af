#include "adapters/cli/typed_option.h"

#include <charconv>

namespace rapport::cli {

CLI::Option* add_typed(CLI::App* verb, const std::string& name, TypedText& into, const std::string& description) {
  return verb->add_option_function<std::string>(name, [&into](const std::string& text) { into = text; }, description);
}
CLI::Option* add_typed(CLI::App* verb, const std::string& name, WholeNumber& into, const std::string& description) {
  return add_typed(verb, name, into.text, description);
}

Result<std::string> text_of(const TypedText& typed, const std::string& option, const std::string& expected) {
  if (!typed) return std::string();
  if (!typed->empty()) return *typed;
  return Error{.code = ErrorCode::kInvalid,
               .reason = "usage",
               .message = "the option for " + option + " is empty",
               .field = option,
               .expected = expected,
               .hint = "Leave the option out, or say what it is."};
}

Result<std::optional<std::uint64_t>> number_of(const WholeNumber& typed, const std::string& option) {
  if (!typed.text) return std::optional<std::uint64_t>();
  auto& text = *typed.text;
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return std::optional(number);
  return Error{.code = ErrorCode::kInvalid,
               .reason = "usage",
               .message = "\"" + text + "\" is no number for " + option,
               .field = option,
               .expected = "a whole number from 0 to 18446744073709551615"};
}

}  // namespace rapport::cli
