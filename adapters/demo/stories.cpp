#include "adapters/demo/stories.h"

namespace rapport::demo {

std::uint32_t Telling::count(std::uint32_t kind, std::uint32_t in_1000_years) const {
  auto days = static_cast<std::uint32_t>(enterprise.end().days - date_of(customer.since).days);
  auto thousandths = days * in_1000_years / 365;
  return (random(kind + 9'999).below(2 * thousandths + 1) + 500) / 1'000;
}

}  // namespace rapport::demo
