#include "eventstore/rocks/message_file.h"

#include <capnp/serialize.h>

#include <cstring>

#include "eventstore/proof/sha256.h"

namespace rapport {

std::string with_digest(capnp::MessageBuilder& message) {
  auto words = capnp::messageToFlatArray(message);
  auto bytes = words.asBytes();
  std::string content(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  auto digest = sha256({bytes_of(std::string_view(content))});
  return content.append(text_of(digest));
}

std::optional<kj::Array<capnp::word>> message_in(std::string_view content) {
  if (content.size() < sizeof(Hash)) return {};
  auto message = content.substr(0, content.size() - sizeof(Hash));
  auto digest = sha256({bytes_of(message)});
  if (text_of(digest) != content.substr(message.size()) || message.size() % sizeof(capnp::word) != 0) return {};
  auto words = kj::heapArray<capnp::word>(message.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), message.data(), message.size());
  return words;
}

}  // namespace rapport
