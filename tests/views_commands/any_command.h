// An enterprise that does anything: random commands of every kind through the real gateway, back-dated ones and facts among
// them; refusals are part of it.
#pragma once
#include <rapidcheck.h>

#include "tests/views/world.h"

namespace rapport::projections {

// Evenly from [min, end), in the first and small cases too: what happens rarely would else hardly happen.
template <class T>
T drawn(T min, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(min, end));
}

// The rules that deals and members need.
// With another probability it is the next version of the pipeline.
void publish_rules(World& world, std::uint16_t first_stage_bp = 1'000);
// One command, drawn by rapidcheck: call it within a property. `today` counts days from day(0).
void any_command(World& world, std::int64_t today);
void live(World& world, std::int64_t commands);

}  // namespace rapport::projections
