#include "adapters/application/scratch_store.h"

#include <cstdlib>
#include <utility>

#include "eventstore/rocks/files.h"

namespace rapport {

namespace fs = std::filesystem;

fs::path place_of(const fs::path& dir) {
  std::error_code error;
  auto place = fs::weakly_canonical(fs::absolute(dir, error), error);
  return place.has_filename() ? place : place.parent_path();
}

Result<ScratchStore> ScratchStore::beside(const fs::path& place, const std::string& what) {
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  auto name = place.string() + '.' + what + "-XXXXXX";
  if (!error && ::mkdtemp(name.data())) return ScratchStore(name);
  return io_error(name, "cannot make");
}

ScratchStore::ScratchStore(ScratchStore&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchStore::~ScratchStore() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<void> ScratchStore::put(const fs::path& place) const {
  std::error_code error;
  if (fs::exists(place, error) && !fs::is_empty(place, error)) fs::rename(place, path_ / "before", error);
  if (!error) fs::rename(store(), place, error);
  if (!error) return sync_folder(place.parent_path());
  return Error{ErrorCode::kUnavailable, "load.no_place", "cannot put the store at " + place.string() + ": " + error.message(), "", "",
               "name a folder that can be made, not one that is mounted"};
}

}  // namespace rapport
