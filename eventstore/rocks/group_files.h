// Records of consumer groups, a file each: FORMAT.md, `groups/`.
#pragma once
#include <filesystem>

#include "eventstore/groups/consumer_group.h"

namespace rapport {

// Safe for concurrent use on different groups.
class GroupFiles final : public GroupStore {
 public:
  explicit GroupFiles(std::filesystem::path store) : folder_(std::move(store) / "groups") {}
  Result<void> save(const GroupRecord& record) override;
  Result<void> remove(const std::string& name) override;
  // kCorrupt, "groups.damaged", names the file.
  Result<std::vector<GroupRecord>> load() const override;

 private:
  const std::filesystem::path folder_;
};

}  // namespace rapport
