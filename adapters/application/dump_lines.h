// How the lines of a dump that are no events begin, and what ties all lines together: shared by dump and load.
#pragma once
#include <string_view>

#include "eventstore/proof/sha256.h"

namespace rapport::dump_lines {

inline constexpr std::string_view kHead = "{\"dump\":";
inline constexpr std::string_view kMemory = "{\"importMemory\":";
inline constexpr std::string_view kEnd = "{\"end\":";

// Over all lines up to this one; 32 zero bytes before the first.
inline Hash chained(const Hash& before, std::string_view line) { return sha256({before, bytes_of(line)}); }

}  // namespace rapport::dump_lines
