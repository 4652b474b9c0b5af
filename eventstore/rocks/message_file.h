// The content of a small file that is a Cap'n Proto message: its segments as capnp::messageToFlatArray has them, then their SHA-256.
#pragma once
#include <capnp/message.h>

#include <optional>
#include <string>
#include <string_view>

namespace rapport {

std::string with_digest(capnp::MessageBuilder& message);
// The message, for a FlatArrayMessageReader. Nothing if the digest is not that of the rest.
std::optional<kj::Array<capnp::word>> message_in(std::string_view content);

}  // namespace rapport
