#include "adapters/webhooks/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace rapport::webhooks {
namespace {

constexpr Address kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr unsigned kMappedBits = 96;

// What the registries of special-purpose addresses (RFC 6890) say is not of the internet, and where clouds answer about the machine
// that asks. 169.254.169.254 and 100.100.100.200 are within others.
constexpr const char* kNotPublic[] = {
    "0.0.0.0/8",     "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24",  "192.88.99.0/24", "192.168.0.0/16",  "198.18.0.0/15",  "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4",   "168.63.129.16",
    // Of IPv6 only what is given out to networks is public at all; of that not what stands for addresses of IPv4, or for nobody's.
    "2001::/23",     "2001:db8::/32",  "2002::/16",       "3fff::/20",
};
constexpr const char* kPublic6 = "2000::/3";

std::vector<Network> parsed(std::initializer_list<const char*> texts) {
  std::vector<Network> networks;
  for (auto* text : texts) networks.push_back(*Network::parse(text));
  return networks;
}

const std::vector<Network>& not_public() {
  static const std::vector<Network> networks = [] {
    std::vector<Network> all;
    for (auto* text : kNotPublic) all.push_back(*Network::parse(text));
    return all;
  }();
  return networks;
}

std::optional<Address> address_of(const sockaddr& address) {
  Address out = kMapped;
  if (address.sa_family == AF_INET) {
    sockaddr_in of4;
    std::memcpy(&of4, &address, sizeof of4);
    std::memcpy(out.data() + 12, &of4.sin_addr, 4);
    return out;
  }
  if (address.sa_family != AF_INET6) return {};
  sockaddr_in6 of6;
  std::memcpy(&of6, &address, sizeof of6);
  std::memcpy(out.data(), &of6.sin6_addr, 16);
  return out;
}

bool is_mapped(const Address& address) { return std::equal(address.begin(), address.begin() + 12, kMapped.begin()); }

bool held_by_any(const std::vector<Network>& networks, const Address& address) {
  return std::ranges::any_of(networks, [&](const Network& network) { return network.holds(address); });
}

}  // namespace

bool Network::holds(const Address& address) const {
  for (unsigned bit = 0; bit < bits; bit += 8) {
    auto mask = static_cast<std::uint8_t>(bits - bit >= 8 ? 0xff : 0xff << (8 - (bits - bit)));
    if ((address[bit / 8] & mask) != (prefix[bit / 8] & mask)) return false;
  }
  return true;
}

Result<Network> Network::parse(const std::string& text) {
  auto bad = [&] {
    return Error{ErrorCode::kInvalid, "webhook.bad_network", "\"" + text + "\" is no network", "webhook-allow", "a network such as 10.0.0.0/8 or fd00::/8"};
  };
  auto slash = text.find('/');
  auto address = text.substr(0, slash);
  Network network{.prefix = kMapped};
  unsigned width = 32, skipped = kMappedBits;
  if (inet_pton(AF_INET, address.c_str(), network.prefix.data() + 12) != 1) {
    if (inet_pton(AF_INET6, address.c_str(), network.prefix.data()) != 1) return bad();
    width = 128, skipped = 0;
  }
  unsigned bits = width;
  if (slash != text.npos) {
    auto* end = text.data() + text.size();
    auto read = std::from_chars(text.data() + slash + 1, end, bits);
    if (read.ec != std::errc() || read.ptr != end || bits > width) return bad();
  }
  network.bits = bits + skipped;
  return network;
}

Result<ReachableNetworks> ReachableNetworks::parse(const std::vector<std::string>& allowed) {
  std::vector<Network> networks;
  for (auto& text : allowed) {
    auto network = Network::parse(text);
    if (!network) return std::move(network).error();
    networks.push_back(*network);
  }
  return ReachableNetworks(std::move(networks));
}

bool ReachableNetworks::reach(const sockaddr& address) const {
  auto to = address_of(address);
  if (!to) return false;  // neither IPv4 nor IPv6
  if (held_by_any(allowed_, *to)) return true;
  static const auto public6 = parsed({kPublic6});
  if (!is_mapped(*to) && !held_by_any(public6, *to)) return false;
  return !held_by_any(not_public(), *to);
}

}  // namespace rapport::webhooks
