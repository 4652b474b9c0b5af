// A deal in a pipeline: Open (at a stage) → Won | Lost → Open. The generated header declares decide and evolve.
#pragma once
#include <map>

#include "domain/schema/opportunity.values.h"

namespace rapport::opportunity {

enum class Status : std::uint8_t { kNone, kOpen, kWon, kLost };

struct State {  // owns its texts; holds what decisions read, and nothing personal
  Status status = Status::kNone;
  std::string account_id, name, product_id, owner_id;
  std::string pipeline_id, stage_id;
  std::optional<Money> amount;
  std::optional<Date> close_date;
  std::optional<std::uint16_t> overridden_probability_bp;
  std::optional<ForecastCategory> overridden_category;
  std::map<std::string, Strength, std::less<>> competitors = {};
  std::string team_id = {};                // of the owner's assignment
  std::string order_id = {};               // of a won deal
  std::string lost_for = {}, lost_to = {};  // of a lost one: the reason's code, the competitor

  // The data subject whose key seals the texts of this deal.
  std::string subject() const { return account_id.empty() ? std::string() : "account-" + account_id; }
};

}  // namespace rapport::opportunity
