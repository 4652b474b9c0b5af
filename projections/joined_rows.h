// The shares of a view read as one: rows merged in the order of their keys.
#pragma once
#include <memory>
#include <vector>

#include "projections/row_store.h"

namespace rapport::projections {

// As every snapshot, and as if all shares were at the position of the one that is furthest behind: rows have their past versions, so
// the answers and rows_digest() are those of the whole view there. Stored bytes are those of a single share and are refused; so is a
// row that two shares have ("state.overlap"), but for the rules behind the rows, of which the first use counts.
class JoinedSnapshot final : public RowSnapshot {
 public:
  // At least one.
  explicit JoinedSnapshot(std::vector<std::unique_ptr<RowSnapshot>> shares);

  Checkpoint checkpoint() const override { return checkpoint_; }
  Result<bool> get(std::string_view key, Position p, std::string& body) const override;
  using RowSnapshot::scan;
  Result<void> scan(std::string_view prefix, std::string_view after, Position p, const Visit& visit) const override;
  Result<void> scan_stored(Family family, std::string_view after, const Visit& visit) const override;
  Result<void> get_stored(std::string_view key, std::string& stored) const override;

 private:
  std::vector<std::unique_ptr<RowSnapshot>> shares_;
  Checkpoint checkpoint_;
};

}  // namespace rapport::projections
