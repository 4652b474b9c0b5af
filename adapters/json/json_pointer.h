// Places in a JSON document, RFC 6901.
#pragma once
#include <string>
#include <string_view>

namespace rapport {

// Appends "/name", escaped.
void append_pointer(std::string_view name, std::string& path);

}  // namespace rapport
