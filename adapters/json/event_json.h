// The shapes of contract.md that are about the log: event, receipt, error; and the lines of `dump`.
#pragma once
#include <capnp/common.h>
#include <kj/array.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {

class SealOpener;
struct Receipt;

// The **event** object, without a line break. Texts that an erasure made unreadable are null, and
// the member `erased` names them by JSON pointers ("/data/name"). kCorrupt if the stored bytes are damaged. Safe for
// concurrent use.
Result<void> append_event(const RecordedEvent& event, const SealOpener* opener, std::string& out);

// A line of `dump`, without its line break: the event object with sealed bytes as they are (but
// erased ones, of which `keys` knows, as above), everything else that is stored in readable form, and the stored messages themselves in base64
// (`metadataBytes`, `payloadBytes`), from which `load` takes them: encoding the readable form again
// could not be the same bytes, and the root must come out the same.
Result<void> append_dump_line(const RecordedEvent& event, const SealOpener* keys, std::string& out);

// What `load` needs of one line of a dump. Owns its bytes.
struct DumpedEvent {
  Position position;
  StreamVersion version;
  std::string stream;
  std::string type;
  CommandId command;  // events of one append follow each other and share it
  std::uint16_t ordinal = 0;
  Timestamp recorded_at{0};
  std::array<std::uint8_t, 16> salt{};
  Hash request{};  // keyed digest of its command's request; zero if the dump had none
  Hash leaf{};     // as it was: the loaded event must have it again (in the same format version)
  kj::Array<capnp::word> metadata, payload;
};
// kInvalid "dump.…" with the member's pointer; the readable form is not looked at beyond what is
// above.
Result<DumpedEvent> read_dump_line(std::string_view line);

// The **receipt**. `position` is the last one that the command stored; of a command that changed
// nothing, `head`.
void append_receipt(const Receipt& receipt, Position head, std::string& out);

// {"error":{"code":…,"message":…,"field":…,"row":n,"hint":…}}; members that say nothing are left
// out.
void append_error(const Error& error, std::optional<std::uint64_t> row, std::string& out);
// One line for a person: "command.unknown_field: … (at /amout; did you mean amount?)".
std::string error_line(const Error& error);

}  // namespace rapport
