#include "adapters/kafka/log.h"

#include <spdlog/spdlog.h>

namespace rapport::kafka {

void warn(std::string_view message) { spdlog::warn("kafka: {}", message); }
void debug(std::string_view message) { spdlog::debug("kafka: {}", message); }

}  // namespace rapport::kafka
