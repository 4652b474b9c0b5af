// Looks texts up in a hash table without copying them first.
#pragma once
#include <functional>
#include <string_view>

namespace rapport {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace rapport
