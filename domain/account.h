// A customer, partner or supplier: Prospect → Active → Dormant → Churned → Active, any → Inactive.
#pragma once
#include <map>

#include "domain/schema/account.values.h"

namespace rapport::account {

// The most accounts looked at above or below one: a group of companies has hundreds.
inline constexpr std::size_t kHierarchyMax = 1'000;

struct Term {  // how long a relation holds; an absent end is open
  std::optional<Date> from, to;
  bool operator==(const Term&) const = default;
};

struct State {  // owns its texts; holds what decisions read, and nothing personal
  bool created = false;
  Lifecycle lifecycle = Lifecycle::UNSPECIFIED;
  std::string registration_number, industry, region_code, currency, locale;
  std::string owner_id, team_id;
  std::map<std::pair<std::string, RelationRole>, Term> relations;  // by the other account and its role
};

}  // namespace rapport::account
