#include "projections/row_changes.h"

#include <utility>

namespace rapport::projections {

void RowChanges::committed() {
  const bool half = std::exchange(unnoted_, false) && watching_;
  if (staged_.empty() && !half) return;
  std::lock_guard lock(mutex_);
  if (!all_) changed_.insert(std::make_move_iterator(staged_.begin()), std::make_move_iterator(staged_.end()));
  staged_.clear();
  if (!half && changed_.size() <= kKeysMax) return;
  all_ = true;
  changed_.clear();
}

void RowChanges::replaced() {
  std::lock_guard lock(mutex_);
  replaced_ = true;
  changed_.clear();
}

RowChanges::Taken RowChanges::take() {
  watching_ = true;
  std::lock_guard lock(mutex_);
  Taken taken{.replaced = std::exchange(replaced_, false), .all = std::exchange(all_, false), .keys = {}};
  taken.keys.assign(changed_.begin(), changed_.end());
  changed_.clear();
  return taken;
}

}  // namespace rapport::projections
