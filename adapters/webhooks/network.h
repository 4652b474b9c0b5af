// Which addresses a webhook may be delivered to. Whoever may set up a webhook must not reach through it what only the server's
// own network reaches.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/result.h"

struct sockaddr;

namespace rapport::webhooks {

// An address of either family, one form: IPv4 as ::ffff:a.b.c.d.
using Address = std::array<std::uint8_t, 16>;

struct Network {
  Address prefix{};
  unsigned bits = 0;  // 0 to 128
  bool holds(const Address& address) const;
  // "10.0.0.0/8", "fd00::/8", or a lone address.
  static Result<Network> parse(const std::string& text);  // kInvalid "webhook.bad_network"
};

// Safe for concurrent use.
class ReachableNetworks final {
 public:
  // The public internet, and what is named besides.
  explicit ReachableNetworks(std::vector<Network> allowed = {}) : allowed_(std::move(allowed)) {}
  static Result<ReachableNetworks> parse(const std::vector<std::string>& allowed);
  // Asked of the address that is about to be connected to, after every resolving: a name may answer otherwise the next time.
  bool reach(const sockaddr& address) const;

 private:
  std::vector<Network> allowed_;
};

}  // namespace rapport::webhooks
