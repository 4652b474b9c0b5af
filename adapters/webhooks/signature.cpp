#include "adapters/webhooks/signature.h"

#include "adapters/json/text_forms.h"

namespace rapport::webhooks {

Hash secret_of(const SubjectKeys& keys, std::string_view id, std::uint32_t rotation) {
  return keys.keyed_digest("webhook", std::string(id) + '\0' + std::to_string(rotation));
}

std::string to_text(const Hash& secret) {
  std::string text = "whsec_";
  append_base64(secret, text);
  return text;
}

std::string sign(const Hash& secret, std::string_view message_id, std::int64_t seconds, std::string_view body) {
  auto time = std::to_string(seconds);
  auto digest = hmac_sha256(secret, {bytes_of(message_id), bytes_of("."), bytes_of(time), bytes_of("."), bytes_of(body)});
  std::string text = "v1,";
  append_base64(digest, text);
  return text;
}

}  // namespace rapport::webhooks
