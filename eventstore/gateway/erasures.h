// Erasure: the log says first that a subject's key is destroyed, then it is. What a crash left between is finished at the next
// open.
#pragma once
#include "eventstore/command_gateway.h"

namespace rapport {

inline constexpr std::string_view kDataSubject = "dataSubject";

// Whether the command destroys a key if it is accepted. Nothing else may be decided while it is: what somebody sealed meanwhile
// could never be read.
bool erases(const Command& command);

// Destroys every key whose destruction the log has and the register of erasures has not.
Result<void> finish_erasures(const EventStore& store, SubjectKeys& keys);

}  // namespace rapport
