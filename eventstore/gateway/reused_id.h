// What to say to somebody who sends another request under a command id that is taken.
#pragma once
#include "eventstore/command_gateway.h"

namespace rapport {

// kConflict, "command.id_reused".
Error id_reused(const CommandId& id, std::string_view difference);
// The same, with the first difference between the command and what is stored under its id. A personal field is named, its
// texts are not.
Error id_reused(const Command& command, const StoredOutcome& first, const EventStore& store, const SubjectKeys& keys,
                const std::vector<Aggregate>& aggregates);

}  // namespace rapport
