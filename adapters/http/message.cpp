#include "adapters/http/message.h"

#include <algorithm>

namespace rapport {
namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

const std::string* HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (std::ranges::equal(key, name, {}, lower, lower)) return &value;
  }
  return nullptr;
}

}  // namespace rapport
