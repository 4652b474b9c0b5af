#include "adapters/demo/purchase.h"

#include <algorithm>

namespace rapport::demo {
namespace {

constexpr std::int64_t kWholeBp = 10'000;
constexpr std::int64_t kMilli = 1'000;

std::int64_t rounded(Wide numerator, Wide divisor) {
  auto quotient = divide_half_even(numerator, divisor);
  RAPPORT_ASSERT(quotient);  // baskets are small
  return *quotient;
}

order::Portion portion(std::size_t line, int pieces) {
  return {.line = static_cast<std::uint16_t>(line + 1), .qty_milli = pieces * kMilli};
}

// In parts: line by line, or one line's pieces by halves.
void plan_deliveries(Random& random, Purchase& purchase, Market market) {
  auto& basket = purchase.basket;
  auto lines = basket.size();
  auto parts = random.chance(75) ? 1u : random.chance(75) ? 2u : 3u;
  auto at = purchase.placed;
  auto left = total_minor(basket);
  auto deliver = [&](std::vector<order::Portion> portions, std::int64_t worth) {
    at = days_later(random, at, 1, 9, market);
    auto number = purchase.deliveries.size() + 1;
    purchase.deliveries.push_back(
        {at, std::move(portions), worth, purchase.id + (number == 1 ? "" : "." + std::to_string(number))});
    left -= worth;
  };
  if (lines == 1 && parts > 1 && basket[0].pieces > 1) {
    auto half = basket[0].pieces / 2;
    deliver({portion(0, half)}, basket[0].worth_minor(half));
  }
  for (std::size_t part = 1; lines >= parts && part < parts; ++part) {
    auto line = part - 1;
    deliver({portion(line, basket[line].pieces)}, basket[line].total_minor());
  }
  deliver({}, left);
}

void plan_return(Random& random, Purchase& purchase, Market market) {
  constexpr std::string_view kReasons[] = {"changed-mind", "defective", "wrong-item", "too-late"};
  auto line = random.below(static_cast<std::uint32_t>(purchase.basket.size()));
  auto& wanted = purchase.basket[line];
  auto pieces = random.between(1, wanted.pieces);
  auto at = days_later(random, purchase.deliveries.back().at, 3, 30, market);
  purchase.returned = {at, {portion(line, pieces)}, wanted.worth_minor(pieces), random.pick(kReasons)};
}

}  // namespace

std::int64_t BasketLine::total_minor() const {
  return rounded(Wide{pieces} * price_minor * (kWholeBp - discount_bp), kWholeBp);
}
std::int64_t BasketLine::worth_minor(int some) const { return rounded(Wide{total_minor()} * some, pieces); }

std::int64_t total_minor(const Basket& basket) {
  std::int64_t sum = 0;
  for (auto& line : basket) sum += line.total_minor();
  return sum;
}

Basket fill_basket(Random& random, const Enterprise& enterprise, std::span<const Product> products, Date day,
                   Market market, int lines_max, int pieces_max) {
  Basket basket;
  for (auto lines = random.between(1, lines_max); lines > 0; --lines) {
    auto& product = random.pick(products);
    auto pieces = random.between(1, pieces_max);
    basket.push_back({&product, pieces, enterprise.price_minor(product, day, market), 0});
  }
  return basket;
}

Purchase plan_purchase(Random& random, std::uint32_t number, std::string id, Timestamp placed, Basket basket,
                       Market market) {
  Purchase purchase{number, std::move(id), placed, std::move(basket), {}, {}, {}, {}};
  if (random.chance(4)) {
    purchase.cancelled = days_later(random, placed, 0, 2, market);
    return purchase;
  }
  plan_deliveries(random, purchase, market);
  auto last = purchase.deliveries.back().at;
  if (random.chance(9)) plan_return(random, purchase, market);
  else if (random.chance(4))
    purchase.credited = {
        days_later(random, last, 5, 40, market), {}, purchase.basket.front().worth_minor(1) / 4, "flaw"};
  return purchase;
}

std::vector<Purchase> purchases_of(const Telling& telling, Timestamp from, Timestamp to) {
  auto& [enterprise, customer, schedule] = telling;
  std::vector<Purchase> purchases;
  if (customer.organisation) return purchases;  // they buy by deals
  auto count = telling.count(kPurchases, 5'500);
  for (std::uint32_t k = 0; k < count; ++k) {
    auto random = telling.random(kPurchases + k);
    auto day = seasonal_day(random, {date_of(customer.since).days + 1}, enterprise.end(), kShopping);
    auto placed = leisure_time(random, day, customer.market);
    if (placed < from || placed > to) continue;
    auto basket = fill_basket(random, enterprise, Enterprise::goods(), day, customer.market, 4, 3);
    auto id = customer.id + "-P" + std::to_string(k + 1);
    purchases.push_back(plan_purchase(random, k, std::move(id), placed, std::move(basket), customer.market));
  }
  return purchases;
}

void tell_purchase(const Telling& telling, const Purchase& purchase, const Sale& sale) {
  auto& [enterprise, customer, schedule] = telling;
  auto currency = Enterprise::currency(customer.market);
  order::Place place{.kind = order::Kind::SALE,
                     .account_id = Text(customer.id),
                     .opportunity_id = sale.opportunity,
                     .currency = currency};
  for (auto& line : purchase.basket)
    place.lines.push_back({.product_id = line.product->id,
                           .qty_milli = line.pieces * kMilli,
                           .unit_price = {line.price_minor, 2, currency},
                           .discount_bp = line.discount_bp});
  StreamRef order{"order", purchase.id};
  auto because = [&](std::string_view reason) { return Said{sale.said.by, sale.said.kind, reason}; };
  bool discounted = std::ranges::any_of(purchase.basket, [](auto& line) { return line.discount_bp > 0; });
  schedule.add(purchase.placed, order, place, discounted ? because("negotiated") : sale.said, sale.cause);
  if (purchase.cancelled)
    schedule.add(*purchase.cancelled, order, order::Cancel{.reason_code = "customer-wish"},
                 because("customer-wish"));
  for (auto& delivery : purchase.deliveries)
    schedule.add(delivery.at, order, order::Fulfil{.lines = delivery.portions}, sale.said);
  if (auto& back = purchase.returned)
    schedule.add(back->at, order, order::Return{.lines = back->portions, .reason_code = back->reason},
                 because(back->reason));
  if (auto& credit = purchase.credited) {
    auto id = purchase.id + "-C";
    order::Place note{
        .kind = order::Kind::CREDIT_NOTE, .account_id = Text(customer.id), .currency = currency};
    note.lines.push_back({.product_id = purchase.basket.front().product->id,
                          .qty_milli = -kMilli,
                          .unit_price = {credit->refund_minor, 2, currency},
                          .discount_bp = 0});
    schedule.add(credit->at, {"order", id}, note, because(credit->reason));
    schedule.add({credit->at.micros + kMicrosPerMinute}, {"order", id}, order::Fulfil{},
                 because(credit->reason));
  }
}

void tell_purchases(const Telling& telling) {
  auto& [enterprise, customer, schedule] = telling;
  Timestamp from{schedule.from().micros - kPurchaseDaysMax * kMicrosPerDay};
  for (auto& purchase : purchases_of(telling, from, schedule.to())) {
    schedule.begin_story(customer.number, kPurchases + purchase.number);
    tell_purchase(telling, purchase, {.said = {enterprise.portal(), ActorKind::SERVICE}});
  }
}

}  // namespace rapport::demo
