#include "tests/eventstore_samples/whole_store.h"

#include <gtest/gtest.h>

namespace rapport::test {

Result<WholeStore> WholeStore::open(const std::filesystem::path& path, const Clock& clock, bool create,
                                    RocksStoreOptions options) {
  WholeStore store;
  auto directory = StoreDirectory::open(path, create);
  if (!directory) return directory.error();
  store.directory = std::move(*directory);
  auto keys = RocksSubjectKeys::open(*store.directory);
  if (!keys) return keys.error();
  store.keys = std::move(*keys);
  options.clock = &clock;
  auto events = RocksEventStore::open(*store.directory, options);
  if (!events) return events.error();
  store.events = std::move(*events);
  return store;
}

void WholeStore::close() {
  events.reset();
  keys.reset();
  directory.reset();
}

// Everything that was written is in the files, whether it was synced or not; files must not come and go meanwhile.
void copy_as_crashed(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

void fill(WholeStore& store) {
  for (std::uint64_t c = 1; c <= 30; ++c) {
    auto name = std::to_string(c % 10);
    EXPECT_TRUE(store.keys->key_for("account-" + name));
    EXPECT_TRUE(store.keys->sync());
    auto version = store.events->version_of("opportunity-" + name);
    append_one(*store.events, Sample(c).on("opportunity-" + name, version->value, 2).check("case-" + name, 0));
  }
}

}  // namespace rapport::test
