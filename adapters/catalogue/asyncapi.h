// The AsyncAPI 3.0 document of what a log publishes.
#pragma once
#include <nlohmann/json.hpp>

namespace rapport::catalogue {

// One channel for each topic (events, the log, rows of views, checkpoints) and those over HTTP; one message for each
// event, with the schemas of its headers and value and an example.
nlohmann::ordered_json asyncapi();

}  // namespace rapport::catalogue
