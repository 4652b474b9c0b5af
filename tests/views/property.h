// A property over what random sequences happen to do proves nothing of a kind of thing that they never did.
#pragma once
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace rapport {

// Checks `property` as rc::check does, with other seeds again, until `met()`: whatever the property is about came up. A kind that one
// round of a hundred sequences misses once in six is missed by all of these never; one that cannot come up fails here.
template <class Property, class Met>
void expect_holds_until(Met met, const Property& property) {
  auto params = rc::detail::configuration().testParams;
  for (int round = 0; round < 30; ++round, ++params.seed) {
    auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);
    if (!result.template is<rc::detail::SuccessResult>()) {
      rc::detail::printResultMessage(result, std::cerr);
      FAIL() << "seed " << params.seed;
    }
    if (met()) return;
  }
}

}  // namespace rapport
