// How all our RocksDBs keep their tables. Included where a database is opened only.
#pragma once
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <memory>

namespace rapport {

// Few shards: what is larger than a shard never stays, and the default makes them of half a megabyte.
inline std::shared_ptr<rocksdb::Cache> block_cache(std::size_t bytes) { return rocksdb::NewLRUCache(bytes, 2); }

// Indexes and filters live in the cache, so that memory does not grow with the data, and in pieces: a whole filter takes megabytes,
// and a look at one key would read all of it again.
inline rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  return table;
}

}  // namespace rapport
