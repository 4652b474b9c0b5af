// Settings of librdkafka that an operator gives: for TLS, for authentication, for what else a cluster asks.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "adapters/kafka/connection.h"
#include "domain/result.h"

namespace rapport::kafka {

// A file of lines NAME=VALUE; blanks around both do not count, nor do empty lines and those that begin with "#". Errors: "bus.setting",
// which names the line and never shows what is in it: it may be a password.
Result<Connection::Properties> read_properties(const std::filesystem::path& file);

// "bus.setting" if exactness rests on a setting of that name, which is therefore ours. Nothing else is looked at: what librdkafka
// does not know, it says itself.
Result<void> check_free(std::string_view name);

// Whether a value of that name is nobody's business: passwords, keys, tokens.
bool is_secret(std::string_view name);
// The text with the values of secret settings taken out.
std::string without_secrets(std::string text, const Connection::Properties& properties);

}  // namespace rapport::kafka
