#include "projections/loyalty/standing.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace rapport::projections::loyalty {
namespace {

// Purchases of one currency as they are added up.
class Adding {
 public:
  explicit Adding(Timestamp reference) : reference_(reference) {}

  void add(Spend& spend, const Purchase& purchase) const {
    bool in_window = purchase.at <= reference_ && days_since(purchase.at) < kWindowDays;
    spend.net_minor += purchase.amount.amount_minor;
    if (in_window) spend.window_net_minor += purchase.amount.amount_minor;
    bool first = purchase.number == 1;  // a later fulfilment is the same order
    if (purchase.kind == PurchaseKind::kReturn ||
        (purchase.kind == PurchaseKind::kCreditNote && first))
      ++spend.returns;
    if (purchase.kind != PurchaseKind::kSale) return;
    if (first) ++spend.orders;
    if (purchase.time_known && (!spend.last_order_at || *spend.last_order_at < purchase.at)) {
      spend.last_order_at = purchase.at;
      spend.recency_days = days_since(purchase.at);
    }
    if (!in_window) return;
    if (first) ++spend.window_orders;
    auto days = days_since(purchase.at);
    spend.window_recency_days = std::min(spend.window_recency_days.value_or(days), days);
  }

 private:
  // Whole days, rounded down.
  std::int64_t days_since(Timestamp at) const {
    auto micros = reference_.micros - at.micros;
    return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
  }
  Timestamp reference_;
};

// 1 + ⌊5 · (rank − 1) / n⌋, the rank ascending in goodness; ties share the lowest.
template <class T>
void set_quintiles(const std::vector<Spend*>& spends, T (*goodness)(const Spend&),
                   int Spend::*quintile) {
  std::vector<T> sorted;
  for (auto* spend : spends) sorted.push_back(goodness(*spend));
  std::ranges::sort(sorted);
  for (auto* spend : spends) {
    auto below = std::ranges::lower_bound(sorted, goodness(*spend)) - sorted.begin();
    spend->*quintile = static_cast<int>(1 + 5 * below / std::ssize(sorted));
  }
}

void rank(std::vector<Standing>& standings) {
  std::map<std::uint32_t, std::vector<Spend*>>
      by_currency;  // amounts of two currencies do not compare
  for (auto& standing : standings)
    for (auto& spend : standing.spends)
      if (spend.window_recency_days) by_currency[spend.currency.packed()].push_back(&spend);
  for (auto& [currency, spends] : by_currency) {
    set_quintiles<std::int64_t>(
        spends, [](const Spend& s) { return -*s.window_recency_days; }, &Spend::r);
    set_quintiles<std::int64_t>(
        spends, [](const Spend& s) { return s.window_orders; }, &Spend::f);
    set_quintiles<Wide>(
        spends, [](const Spend& s) { return s.window_net_minor; }, &Spend::m);
  }
}

}  // namespace

Result<std::vector<Standing>> standings(const Computation& in) {
  std::map<std::string, std::vector<Spend>> bought;
  const Adding adding(in.reference());
  auto scanned = in.each<Purchase>([&](const Purchase& purchase) {
    auto& spends = bought[purchase.member];
    auto at = std::ranges::lower_bound(spends, purchase.amount.currency.view(), {},
                                       [](const Spend& s) { return s.currency.view(); });
    if (at == spends.end() || at->currency != purchase.amount.currency)
      at = spends.insert(at, Spend{.currency = purchase.amount.currency});
    adding.add(*at, purchase);
  });
  if (!scanned) return std::move(scanned).error();
  std::vector<Standing> all;
  scanned = in.each<Member>([&](const Member& member) {
    if (member.status == MemberStatus::UNSPECIFIED) return;
    auto& standing = all.emplace_back(Standing{member, {}});
    if (auto found = bought.find(member.id); found != bought.end())
      standing.spends = std::move(found->second);
    else
      standing.spends.emplace_back();
  });
  if (!scanned) return std::move(scanned).error();
  rank(all);
  return all;
}

std::string_view segment_of(const Spend& spend) {
  auto [r, f, m] = std::tuple(spend.r, spend.f, spend.m);
  if (r >= 4 && f >= 4 && m >= 4) return "champions";
  if (r <= 2 && f >= 4 && m >= 4)
    return "at-risk";  // before "loyal", which would hold for all of them
  if (f >= 4) return "loyal";
  if (r >= 4 && f == 1) return "new";
  if (r <= 2 && f <= 2 && m <= 2) return "hibernating";
  return "need-attention";
}

}  // namespace rapport::projections::loyalty
