// What those without Kafka are sent: live events, pages that wait, webhooks; described for AsyncAPI.
#pragma once
#include <nlohmann/json.hpp>
#include <vector>

namespace rapport::catalogue {

using Json = nlohmann::ordered_json;

// An event as HTTP shows it (adapters/json/event_json.h writes it).
Json event_schema();

struct HttpChannel {
  const char* name;
  Json channel;
  Json binding;  // of the operation: AsyncAPI's for HTTP
};
// Their messages refer to event_schema() as #/components/schemas/event.
std::vector<HttpChannel> http_channels();

}  // namespace rapport::catalogue
