// Where a store is filled before it is put in its place: beside it, on the same file system.
#pragma once
#include <filesystem>

#include "domain/result.h"

namespace rapport {

// The whole path, without a slash at its end.
std::filesystem::path place_of(const std::filesystem::path& dir);

// A folder that is gone at the end, with what is left in it.
class ScratchStore final {
 public:
  // what: in its name, for whoever finds it after a kill.
  static Result<ScratchStore> beside(const std::filesystem::path& place, const std::string& what);
  ScratchStore(ScratchStore&& other) noexcept;
  ~ScratchStore();

  std::filesystem::path store() const { return path_ / "store"; }
  // What is there, an empty store or a folder that a first open left, makes room. kUnavailable "load.no_place".
  Result<void> put(const std::filesystem::path& place) const;

 private:
  explicit ScratchStore(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace rapport
