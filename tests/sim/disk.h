// What a disk holds while the calls of a journal are made, and what a power cut may leave of it.
#pragma once
#include <random>

#include "tests/sim/fault_file_system.h"

namespace rapport::sim {

// The rules: what a file's sync covered stays. Of later writes to it anything may be there: none, all, a beginning that ends within a
// write, any of its sectors, or zeros in their place; over bytes that were there a sector is written whole or not at all. Names that were made, moved or removed since their folder was synced are as
// before or as after, in the order in which they were changed; a sync of a file says nothing about its name. After a sync that failed
// nobody knows what it covered, and no later sync makes it good.
class Disk final {
 public:
  explicit Disk(const Journal& journal);
  void make(const Call& call);
  // Makes one of the states that a power cut may leave now, in an empty folder.
  void cut_power(std::mt19937_64& random, const std::filesystem::path& to) const;

 private:
  struct File {
    std::string durable;
    std::vector<Call> unsynced;  // writes and cuts since
    std::vector<Call> doubtful;  // covered by a sync that failed
  };
  std::map<std::string, FileNumber> durable_;  // names
  std::vector<Call> unsynced_names_;
  std::map<FileNumber, File> files_;

  static std::string after_cut(const File& file, std::mt19937_64& random);
};

}  // namespace rapport::sim
