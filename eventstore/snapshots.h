// States of long streams, kept beside the log so that a program that begins does not fold them from their first event. A cache: all
// of it may be gone or be wrong at any time; whoever reads a snapshot holds it against the log.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rapport {

// Safe for concurrent use. Implementation: eventstore/rocks/snapshot_files.h.
class Snapshots {
 public:
  virtual ~Snapshots() = default;
  // What was kept last for the stream, if it can be had.
  virtual std::optional<std::string> find(std::string_view stream) const = 0;
  // In place of what was kept before. Where it cannot be kept, the next one who asks folds again: nobody is told.
  virtual void keep(std::string_view stream, std::string_view bytes) = 0;
  // How many events somebody must have folded for it to be worth keeping what came out.
  virtual std::uint64_t events_min() const = 0;
};

}  // namespace rapport
