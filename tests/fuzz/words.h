// Put before a source by the fuzzers' build: to clang capnp::word is a type that cannot be copied, to g++ it is plain memory, which the
// frames' buffers rely on. This has clang see it as g++ does.
#pragma once
#include <kj/common.h>
#pragma push_macro("KJ_DISALLOW_COPY")
#undef KJ_DISALLOW_COPY
#define KJ_DISALLOW_COPY(name) static_assert(true)
#include <capnp/common.h>
#pragma pop_macro("KJ_DISALLOW_COPY")
