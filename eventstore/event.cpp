#include "eventstore/event.h"

#include <algorithm>
#include <charconv>

namespace rapport {
namespace {

constexpr std::size_t kUuidChars = 36;

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

void put_big_endian(std::uint64_t value, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i, value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// The bytes of the character that begins here; 0 if it is a control character or no UTF-8 (RFC 3629).
std::size_t character(std::string_view text) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  auto size = lead >= 0xf0 ? 4U : lead >= 0xe0 ? 3U : 2U;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  auto point = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  auto overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  auto surrogate = point >= 0xd800 && point < 0xe000;
  return overlong || surrogate || point > 0x10ffff ? 0 : size;
}

}  // namespace

std::uint64_t CommandId::high() const { return big_endian(bytes.data()); }
std::uint64_t CommandId::low() const { return big_endian(bytes.data() + 8); }

CommandId CommandId::of(std::uint64_t high, std::uint64_t low) {
  CommandId id;
  put_big_endian(high, id.bytes.data());
  put_big_endian(low, id.bytes.data() + 8);
  return id;
}

std::string to_text(const CommandId& id) {
  auto hex = to_hex(id.bytes);
  for (std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return hex;
}

bool parse(std::string_view text, CommandId& id) {
  if (text.size() != kUuidChars) return false;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return false;
      continue;
    }
    auto value = digit(text[i]);
    if (value < 0) return false;
    auto& byte = id.bytes[digits / 2];
    byte = static_cast<std::uint8_t>(digits % 2 ? byte | value : value << 4);
    ++digits;
  }
  return true;
}

std::string to_text(const EventId& id) {
  return to_text(command_of(id)) + '.' + std::to_string(id.ordinal);
}

bool parse(std::string_view text, EventId& id) {
  CommandId command;
  if (text.size() < kUuidChars + 2 || text[kUuidChars] != '.') return false;
  if (!parse(text.substr(0, kUuidChars), command)) return false;
  auto ordinal = text.substr(kUuidChars + 1);
  if (ordinal.size() > 1 && ordinal[0] == '0') return false;
  std::uint16_t value = 0;
  auto [end, error] = std::from_chars(ordinal.data(), ordinal.data() + ordinal.size(), value);
  if (error != std::errc() || end != ordinal.data() + ordinal.size()) return false;
  id = event_id(command, value);
  return true;
}

EventId event_id(const CommandId& command, std::uint16_t ordinal) {
  return {command.high(), command.low(), ordinal};
}
CommandId command_of(const EventId& id) { return CommandId::of(id.command_high, id.command_low); }

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::UNSPECIFIED: break;
    case Precision::INSTANT: return "instant";
    case Precision::MINUTE: return "minute";
    case Precision::DATE: return "date";
    case Precision::UNKNOWN: return "unknown";
    case Precision::ALWAYS: return "always";
  }
  return "unspecified";
}

std::string_view name_of(ActorKind kind) {
  switch (kind) {
    case ActorKind::UNSPECIFIED: break;
    case ActorKind::USER: return "user";
    case ActorKind::SERVICE: return "service";
    case ActorKind::IMPORT: return "import";
    case ActorKind::TIMER: return "timer";
    case ActorKind::RULE: return "rule";
  }
  return "unspecified";
}

std::string stream_name(std::string_view type, std::string_view id) {
  std::string name;
  name.reserve(type.size() + 1 + id.size());
  return name.append(type).append(1, '-').append(id);
}

StreamParts split_stream(std::string_view name) {
  auto dash = name.find('-');
  if (dash == name.npos) return {name, {}};
  return {name.substr(0, dash), name.substr(dash + 1)};
}

bool valid_stream(std::string_view name) {
  auto [type, id] = split_stream(name);
  if (type.empty() || id.empty() || id.size() > kStreamIdBytesMax) return false;
  if (type[0] < 'a' || type[0] > 'z' || !std::all_of(type.begin(), type.end(), alphanumeric)) return false;
  while (!id.empty()) {
    auto size = character(id);
    if (size == 0) return false;
    id.remove_prefix(size);
  }
  return true;
}

}  // namespace rapport
