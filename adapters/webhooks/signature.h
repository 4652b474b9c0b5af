// Secrets and signatures as Standard Webhooks has them (https://www.standardwebhooks.com).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "eventstore/subject_keys.h"

namespace rapport::webhooks {

// FORMAT.md, `webhooks/`: made from the store's secret anew whenever it is needed.
Hash secret_of(const SubjectKeys& keys, std::string_view id, std::uint32_t rotation);
// What a receiver is given: "whsec_…".
std::string to_text(const Hash& secret);

// "v1,base64": over `id.seconds.body`.
std::string sign(const Hash& secret, std::string_view message_id, std::int64_t seconds, std::string_view body);

}  // namespace rapport::webhooks
