// How far a Cap'n Proto message may be followed. Its pointers may all lead to the same bytes, so that a message of some hundred
// bytes can be made that takes as long to read as one of many megabytes.
#pragma once
#include <capnp/message.h>

#include "domain/event_buffer.h"

namespace rapport {

// For every reader of a message that is stored or was sent: what it may follow is in proportion to the message. Readers look at
// some fields more than once, never at all of them so often. Past it they throw kj::Exception, as for damaged bytes.
inline constexpr std::uint64_t kReadsOfAWordMax = 64;
inline capnp::ReaderOptions reading_limits(Words message) { return {.traversalLimitInWords = kReadsOfAWordMax * message.size(), .nestingLimit = 64}; }

// Whether each word of the message is pointed to once at most, as whoever builds messages leaves them, and none from outside it: only
// such a message is stored, so that no reader of the log meets its limit.
bool is_tree(Words message);

}  // namespace rapport
