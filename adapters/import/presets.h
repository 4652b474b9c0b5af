// The mappings that come with the program, and the schema that mappings are checked against: the
// files of this folder, embedded when the program is built.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace rapport::import {

struct Preset {
  std::string_view name, text;
};
std::span<const Preset> presets();
std::string_view mapping_schema();

}  // namespace rapport::import
