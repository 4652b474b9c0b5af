// An event in a few words, for a timeline.
#pragma once
#include "eventstore/event.h"
#include "projections/row.h"

namespace rapport::projections::customer360 {

struct Told {
  std::string text = {};  // ids, amounts, codes; nothing personal
  Sealed words = {};      // what a person wrote, or a name
};
// Empty for what needs no words or is not known here. Damaged bytes throw kj::Exception.
Told tell(const RecordedEvent& event);

}  // namespace rapport::projections::customer360
