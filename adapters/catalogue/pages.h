// The catalogue for people: static HTML, one page for each aggregate and one in front. No scripts; reads and prints without them.
#pragma once
#include <string>

namespace rapport {
struct AggregatePlan;
}

namespace rapport::catalogue {

std::string index_page();
std::string aggregate_page(const AggregatePlan& aggregate);
// "opportunity.html".
std::string page_name(const AggregatePlan& aggregate);

}  // namespace rapport::catalogue
