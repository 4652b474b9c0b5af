// An order from the basket to the last return, planned before it is told: the points that it earns follow
// from the plan.
#pragma once
#include <vector>

#include "adapters/demo/stories.h"
#include "domain/schema/order.values.h"

namespace rapport::demo {

struct BasketLine {
  const Product* product;
  int pieces;
  std::int64_t price_minor;
  std::uint16_t discount_bp;

  std::int64_t total_minor() const;
  // What some of the pieces are worth: sums of parts are exact.
  std::int64_t worth_minor(int some) const;
};
using Basket = std::vector<BasketLine>;
Basket fill_basket(Random& random, const Enterprise& enterprise, std::span<const Product> products, Date day,
                   Market market, int lines_max, int pieces_max);
std::int64_t total_minor(const Basket& basket);

// One fulfilment; without portions all that is left.
struct Delivery {
  Timestamp at;
  std::vector<order::Portion> portions;
  std::int64_t worth_minor;
  std::string txn;  // of the points that it earns
};
struct GiveBack {
  Timestamp at;
  std::vector<order::Portion> portions;
  std::int64_t refund_minor;
  std::string_view reason;
};
struct Purchase {
  std::uint32_t number;  // among the customer's
  std::string id;
  Timestamp placed;
  Basket basket;
  std::optional<Timestamp> cancelled;
  std::vector<Delivery> deliveries;
  std::optional<GiveBack> returned;
  std::optional<GiveBack> credited;  // by a credit note, for a flaw
};
// How long a purchase may go on.
inline constexpr int kPurchaseDaysMax = 150;

Purchase plan_purchase(Random& random, std::uint32_t number, std::string id, Timestamp placed, Basket basket,
                       Market market);
// All that a person buys; without those that were placed outside of [from, to].
std::vector<Purchase> purchases_of(const Telling& telling, Timestamp from, Timestamp to);

// Adds the purchase's commands to the schedule's story.
struct Sale {
  Said said;
  std::optional<Text> opportunity = {};
  std::optional<EventId> cause = {};
};
void tell_purchase(const Telling& telling, const Purchase& purchase, const Sale& sale);

}  // namespace rapport::demo
