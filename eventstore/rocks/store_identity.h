// Who a store is: rapport.json. A log that was taken back to an older position goes on under another name, its next epoch, so that
// two histories never share one.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {

// Where a log left the history that it had until then.
struct Epoch {
  std::uint64_t number = 0;  // from 2 on, growing
  Position position;         // the last one that both histories have
  Hash root{};               // tree head there
};

struct StoreIdentity {
  std::string store;  // a UUID
  std::int64_t created_at_micros = 0;
  std::vector<Epoch> epochs = {};  // oldest first

  // The log's name in proofs and on the bus: "rapport/UUID", "rapport/UUID/2".
  std::string origin() const { return origin_of(epochs.empty() ? 1 : epochs.back().number); }
  std::string origin_of(std::uint64_t epoch) const;
  std::uint64_t next_epoch() const { return epochs.empty() ? 2 : epochs.back().number + 1; }
  // Up to where the log of this name is this one: without bound for the name it has, nothing for one it never had.
  std::optional<Position> shared_with(std::string_view origin) const;
};

// The one form of the file.
std::string to_text(const StoreIdentity& identity);
// kCorrupt "store.newer_format", "store.config_damaged". The text must be, byte for byte, what its own values give.
Result<StoreIdentity> read_identity(const std::filesystem::path& store);
// Durable on return.
Result<void> write_identity(const std::filesystem::path& store, const StoreIdentity& identity);
std::filesystem::path identity_path(const std::filesystem::path& store);

// 64 lower-case hex digits.
std::optional<Hash> hash_of_hex(std::string_view hex);

}  // namespace rapport
