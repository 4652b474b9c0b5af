#include "projections/view.h"

namespace rapport::projections {

Error unreadable_event(const RecordedEvent& event, bool unknown_type) {
  const auto which = "event " + std::to_string(event.position.value) + ", " + std::string(event.type) + " of " +
                     stream_name(event.stream_type, event.stream_id);
  if (unknown_type)
    return {.code = ErrorCode::kCorrupt,
            .reason = "event.unknown_type",
            .message = which + ", is of a type that this version of the program does not know",
            .hint = "use the version that wrote it, or a later one"};
  return {.code = ErrorCode::kCorrupt, .reason = "event.damaged", .message = which + ", cannot be read"};
}

}  // namespace rapport::projections
