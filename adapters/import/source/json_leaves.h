// The scalar values of one JSON text with their JSON Pointers, numbers as they are written: 0.10
// stays 0.10.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace rapport::import {

enum class LeafKind : unsigned char { kText, kNull, kCollection };

// Calls `take(pointer, text, kind)` for every scalar, and for every object and array with an empty
// text. The answer is empty, or what is wrong with the text: it must be one JSON object without
// repeated members.
std::string each_leaf(std::string_view json,
                      const std::function<void(const std::string& pointer, const std::string& text,
                                               LeafKind kind)>& take);

}  // namespace rapport::import
