#include "domain/values.h"

#include <algorithm>
#include <limits>

#include "domain/result.h"

namespace rapport {

int minor_digits(Currency currency) {
  // ISO 4217 (2024), the currencies in use whose minor unit is not a hundredth.
  constexpr std::string_view kNone[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                        "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
  constexpr std::string_view kThree[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  constexpr std::string_view kFour[] = {"CLF", "UYW"};
  auto in = [&](auto& list) { return std::ranges::find(list, currency.view()) != std::end(list); };
  return in(kNone) ? 0 : in(kThree) ? 3 : in(kFour) ? 4 : 2;
}

std::optional<std::int64_t> divide_half_even(Wide numerator, Wide divisor) {
  RAPPORT_ASSERT(divisor > 0);
  Wide quotient = numerator / divisor;
  Wide rest = numerator % divisor;
  Wide twice = 2 * (rest < 0 ? -rest : rest);
  if (twice > divisor || (twice == divisor && quotient % 2 != 0)) quotient += numerator < 0 ? -1 : 1;
  if (quotient > std::numeric_limits<std::int64_t>::max() || quotient < std::numeric_limits<std::int64_t>::min())
    return std::nullopt;
  return static_cast<std::int64_t>(quotient);
}

}  // namespace rapport
