// What the adapter has to say to whoever operates it. Safe for concurrent use.
#pragma once
#include <string_view>

namespace rapport::kafka {

void warn(std::string_view message);
void debug(std::string_view message);

}  // namespace rapport::kafka
