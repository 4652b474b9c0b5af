// The reader of a dump's lines.
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "adapters/json/event_json.h"
#include "adapters/json/read_json.h"
#include "adapters/json/text_forms.h"
#include "domain/reading.h"

namespace rapport {
namespace {

using Json = nlohmann::json;

// An event of 256 KiB in base64 and, every byte escaped, in readable form.
constexpr JsonLimits kDumpLimits{4u << 20, 32, "dump."};

class LineReader {
 public:
  explicit LineReader(const Json& line) : line_(line) {}

  std::uint64_t count(const char* name) {
    auto* found = member(name);
    if (found != nullptr && found->is_number_unsigned()) return found->get<std::uint64_t>();
    fail(name, "a number from 0");
    return 0;
  }
  std::string text(const char* name, const char* expected = "a text") {
    auto* found = member(name);
    if (found != nullptr && found->is_string()) return found->get<std::string>();
    fail(name, expected);
    return {};
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> hex(const char* name) {
    std::array<std::uint8_t, N> bytes{};
    auto digits = text(name);
    bool whole = digits.size() == 2 * N;
    for (std::size_t i = 0; whole && i < 2 * N; ++i) {
      auto value = std::string_view("0123456789abcdef").find(digits[i]);
      whole = value != std::string_view::npos;
      if (whole) bytes[i / 2] = static_cast<std::uint8_t>(bytes[i / 2] << 4 | value);
    }
    if (!whole) fail(name, std::to_string(2 * N) + " hexadecimal digits");
    return bytes;
  }
  kj::Array<capnp::word> message(const char* name) {
    auto bytes = parse_base64(text(name));
    if (!bytes || bytes->empty() || bytes->size() % sizeof(capnp::word) != 0) {
      fail(name, "a Cap'n Proto message in base64");
      return {};
    }
    auto words = kj::heapArray<capnp::word>(bytes->size() / sizeof(capnp::word));
    std::memcpy(static_cast<void*>(words.begin()), bytes->data(), bytes->size());
    return words;
  }
  void fail(const char* name, std::string expected) {
    if (error_.reason.empty())
      error_ = {ErrorCode::kInvalid, "dump.member",
                "a line of the dump has no good " + std::string(name), '/' + std::string(name),
                std::move(expected)};
  }
  bool failed() const { return !error_.reason.empty(); }
  Error& error() { return error_; }

 private:
  const Json* member(const char* name) const {
    auto found = line_.find(name);
    return found == line_.end() ? nullptr : &*found;
  }

  const Json& line_;
  Error error_{};
};

// The messages are what is stored: the members beside them must say the same, or somebody edited
// one of the two.
bool agrees(const DumpedEvent& event) {
  try {
    capnp::FlatArrayMessageReader reader(event.metadata, reading_limits(event.metadata));
    auto metadata = reader.getRoot<envelope::wire::Metadata>();
    auto view = [](capnp::Text::Reader text) {
      return std::string_view(text.begin(), text.size());
    };
    return stream_name(view(metadata.getStreamType()), view(metadata.getStreamId())) ==
               event.stream &&
           view(metadata.getType()) == event.type;
  } catch (const kj::Exception&) {
    return false;
  }
}

}  // namespace

Result<DumpedEvent> read_dump_line(std::string_view line) {
  auto parsed = parse_json(line, kDumpLimits);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->is_object())
    return Error{ErrorCode::kInvalid, "dump.malformed", "a line of the dump is no object", "",
                 "an event"};
  LineReader in(*parsed);
  DumpedEvent event;
  event.position = {in.count("position")};
  event.version = {in.count("version")};
  event.stream = in.text("stream");
  event.type = in.text("type");
  EventId id{};
  if (!parse(std::string_view(in.text("id")), id)) in.fail("id", "an event's id, uuid.n");
  event.command = command_of(id);
  event.ordinal = id.ordinal;
  if (auto time = parse_time(in.text("recordedAt")))
    event.recorded_at = *time;
  else
    in.fail("recordedAt", "a time of RFC 3339");
  event.salt = in.hex<16>("salt");
  if (parsed->contains("request")) event.request = in.hex<32>("request");
  event.leaf = in.hex<32>("leaf");
  event.metadata = in.message("metadataBytes");
  event.payload = in.message("payloadBytes");
  if (!in.failed() && !agrees(event))
    in.fail("metadataBytes", "a message that agrees with stream and type");
  if (in.failed()) return std::move(in.error());
  return event;
}

}  // namespace rapport
