// Names of people and firms, and what customers write, in Latin and in Chinese.
#pragma once
#include <span>
#include <string>

#include "adapters/demo/calendar.h"

namespace rapport::demo {

struct PersonName {
  std::string text;    // "Zoë Müller", "陈美玲"
  std::string handle;  // "zoe.mueller", "meiling.chen"
};
PersonName person_name(Random& random, Market market);
std::string company_name(Random& random, Market market, std::string_view industry);

struct Place {
  std::string_view region;  // ISO 3166-2
  std::string_view locale;  // BCP 47
};
std::span<const Place> places(Market market);
std::span<const std::string_view> industries();

// What a case is about, and what is said in it.
struct Trouble {
  std::string_view category, subcategory;
  std::string_view subject[2], text[2];  // by market
};
std::span<const Trouble> troubles();
std::string_view answer(Random& random, Market market);    // of an agent
std::string_view question(Random& random, Market market);  // of a customer, while the case lasts
std::string_view solution(Random& random, Market market);
std::string_view farewell(Random& random, Market market);  // why a deal was lost, in the seller's words

}  // namespace rapport::demo
