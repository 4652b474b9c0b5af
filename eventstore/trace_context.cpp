#include "eventstore/trace_context.h"

namespace rapport {
namespace {

constexpr std::size_t kBytes = 55;  // of version 00; what a later version appends is left out

bool hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }
bool zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

}  // namespace

std::optional<std::string> trace_tag(std::string_view traceparent) {
  if (traceparent.size() < kBytes) return std::nullopt;
  const auto version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32), parent = traceparent.substr(36, 16),
             flags = traceparent.substr(53, 2), rest = traceparent.substr(kBytes);
  const bool parted = traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-';
  if (!parted || !hex(version) || !hex(trace) || !hex(parent) || !hex(flags)) return std::nullopt;
  if (version == "ff" || zero(trace) || zero(parent)) return std::nullopt;
  if (!rest.empty() && (version == "00" || rest[0] != '-')) return std::nullopt;
  return std::string(kTraceTag).append(traceparent.substr(0, kBytes));
}

}  // namespace rapport
