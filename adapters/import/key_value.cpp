#include "adapters/import/key_value.h"

namespace rapport::import {

Result<std::optional<std::string>> OverlayKeyValue::get(std::string_view key) const {
  if (auto found = changes_.find(key); found != changes_.end()) return found->second;
  if (base_) return base_->get(key);
  return std::optional<std::string>();
}

Result<void> OverlayKeyValue::write(const std::vector<Change>& changes, bool) {
  for (const auto& change : changes) changes_.insert_or_assign(change.key, change.value);
  return {};
}

Result<void> OverlayKeyValue::each(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& take) const {
  std::map<std::string, std::string, std::less<>> all;
  if (base_) {
    auto read = base_->each(prefix, [&](std::string_view key, std::string_view value) {
      return all.emplace(key, value), true;
    });
    if (!read) return read.error();
  }
  for (auto i = changes_.lower_bound(prefix); i != changes_.end() && i->first.starts_with(prefix);
       ++i) {
    if (i->second)
      all.insert_or_assign(i->first, *i->second);
    else
      all.erase(i->first);
  }
  for (const auto& [key, value] : all)
    if (!take(key, value)) break;
  return {};
}

}  // namespace rapport::import
