#include "adapters/http/target.h"

#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>

#include "adapters/json/text_forms.h"

namespace rapport {
namespace {

namespace urls = boost::urls;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_code(char c, std::string& out) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
}

// What RFC 3986 has no place for gets its percent code.
std::string strict_form(std::string_view target) {
  std::string strict;
  strict.reserve(target.size());
  for (const char c : target) {
    constexpr std::string_view kPath = "%/:@!$&'()*+,;=?";
    const bool fits = is_unreserved(c) || kPath.find(c) != kPath.npos;
    if (fits) {
      strict += c;
    } else {
      append_code(c, strict);
    }
  }
  return strict;
}

Error bad_target(std::string_view where, const char* why) {
  return {.code = ErrorCode::kInvalid,
          .reason = "http.bad_target",
          .message = std::string(where) + " of the request " + why,
          .hint = "Write what is no letter or digit as %XX, the bytes of UTF-8."};
}

Result<void> check(std::string_view text, std::string_view where) {
  if (!is_utf8(text)) return bad_target(where, "is not UTF-8");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return bad_target(where, "has a control character");
  }
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  // A proxy's absolute form means the same; the scheme and the host in front say nothing new.
  if (target.starts_with("http://")) {
    const auto slash = target.find('/', 7);
    target = slash == target.npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return bad_target("the address", "does not begin with a slash");
  const std::string strict = strict_form(target);
  const auto url = urls::parse_origin_form(strict);
  if (!url) return bad_target("the address", "has a broken percent code");
  Target parsed;
  for (auto segment : url->segments()) {
    if (auto ok = check(segment, "the path"); !ok) return ok.error();
    parsed.path.push_back(std::move(segment));
  }
  urls::encoding_opts form;
  form.space_as_plus = true;
  for (const auto& parameter : url->params(form)) {
    for (const auto* part : {&parameter.key, &parameter.value}) {
      if (auto ok = check(*part, "a parameter"); !ok) return ok.error();
    }
    parsed.parameters.emplace_back(parameter.key, parameter.value);
  }
  return parsed;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      append_code(c, encoded);
    }
  }
  return encoded;
}

Result<std::string> percent_decoded(std::string_view text, std::string_view where) {
  const auto view = urls::make_pct_string_view(text);
  if (!view) return bad_target(where, "has a broken percent code");
  std::string decoded = view->decode();
  if (auto ok = check(decoded, where); !ok) return ok.error();
  return decoded;
}

}  // namespace rapport
