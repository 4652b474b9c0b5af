// What a fuzzer is: a function that takes any bytes, and aborts if something does not hold.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace rapport::fuzz {

inline std::string_view text_of_input(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace rapport::fuzz
