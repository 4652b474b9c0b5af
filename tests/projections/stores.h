// Row stores for tests that hold for any of them.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "projections/memory/memory_row_store.h"
#include "projections/rocks/rocks_row_stores.h"

namespace rapport::test {

// A folder that goes with the test.
class Folder final {
 public:
  Folder() : path_(testing::TempDir() + "rapport_views_XXXXXX") { RAPPORT_ASSERT(mkdtemp(path_.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Small memtables, so that short tests reach table files.
inline constexpr projections::RocksBudget kSmallBudget{
    .write_buffers_bytes = 1u << 20, .write_buffer_bytes = 64u << 10, .live_buffer_bytes = 64u << 10};

inline std::map<std::string, std::string> rows_at(const projections::RowStore& store, Position at) {
  std::map<std::string, std::string> all;
  auto snapshot = store.snapshot();
  EXPECT_TRUE(snapshot);
  EXPECT_TRUE((*snapshot)->scan("", at, [&](std::string_view key, std::string_view body) { return all.emplace(key, body).second; }));
  return all;
}

}  // namespace rapport::test
