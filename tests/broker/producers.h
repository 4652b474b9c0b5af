// The producers of this test program, to be made to fail: librdkafka's functions that make and end clients are answered for here.
#pragma once
#include <cstddef>

namespace rapport::kafka {

// Every producer that there is has a fatal error from now on, as when brokers and an idempotent producer no longer agree on what was
// sent. How many.
std::size_t fail_producers();

}  // namespace rapport::kafka
