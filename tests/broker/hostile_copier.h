// Copies the topics of one cluster to another, where somebody may tamper with them.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tests/broker/broker.h"

namespace rapport::kafka {

using Records = std::vector<Consumed>;  // of one topic, partition by partition in order

class HostileCopier final {
 public:
  // Copies all that a relay writes.
  HostileCopier(const std::string& from, std::string to);

  // What the topic had originally.
  const Records& original(const std::string& topic) const { return originals_.at(topic); }
  // Makes the topic anew on the other cluster, with these records.
  void put(const std::string& topic, const Records& records);
  void restore(const std::string& topic) { put(topic, original(topic)); }

 private:
  void remove(const std::string& topic);

  const std::string to_;
  std::map<std::string, Records> originals_;
  std::map<std::string, int> partitions_;
};

}  // namespace rapport::kafka
