// Another log to hold this one against, wherever it is: a store, a server, a folder of tiles, a checkpoint alone.
#pragma once
#include <filesystem>
#include <memory>

#include "adapters/application/service.h"
#include "eventstore/event_store.h"

namespace rapport {

class ComparedLog {
 public:
  virtual ~ComparedLog() = default;
  virtual std::uint64_t size() const = 0;
  // The tree head at a size up to its own. kInvalid "compare.no_tiles": a checkpoint alone knows that of its own size only.
  virtual Result<Hash> root_at(std::uint64_t size) const = 0;
  // That it begins with the tree of that size.
  virtual Result<Proof> consistency(std::uint64_t old_size) const = 0;
};

// Of a store, here or behind a server. Borrows the service.
Result<std::unique_ptr<ComparedLog>> compared_service(Service& service);
// A checkpoint's file, with the tile/ beside it if there is one; or a folder that has both. Its signature is not looked at.
Result<std::unique_ptr<ComparedLog>> compared_checkpoint(const std::filesystem::path& path);

// The size of the other log, if one of the two begins with the other: proved by the other's consistency proof where that is the
// longer one. kRejected "compare.differs" names the first position where they part.
Result<std::uint64_t> compare_logs(const EventStore& log, const ComparedLog& other);

}  // namespace rapport
