#include "domain/schema_comments.h"

#include <algorithm>
#include <utility>

namespace rapport {

std::string_view schema_comment(std::uint64_t node, int member) {
  auto all = schema_comments();
  auto place = [](const SchemaComment& c) { return std::pair(c.node, c.member); };
  auto found = std::ranges::lower_bound(all, std::pair(node, member), {}, place);
  return found != all.end() && place(*found) == std::pair(node, member) ? found->text : std::string_view();
}

}  // namespace rapport
