// Command ids for whoever sent none: UUID version 7, so that ids of one time lie together in the store's index.
#pragma once
#include "eventstore/event.h"

namespace rapport {

// Safe for concurrent use.
CommandId new_command_id(Timestamp now);

}  // namespace rapport
