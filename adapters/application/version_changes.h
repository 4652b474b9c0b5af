// The streams that tell which version of a view took the place of which: `batch-view:NAME`.
#pragma once
#include <string_view>

namespace rapport {

// What the ids of such batches begin with. Commands to them come from this program alone.
inline constexpr std::string_view kViewBatch = "view:";

}  // namespace rapport
