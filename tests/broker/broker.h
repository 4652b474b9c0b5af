// A real Kafka broker for a test, and what is in its topics, read with plain librdkafka.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rapport::kafka {

// Its files are removed at the end. One thread.
class Broker final {
 public:
  explicit Broker(int nodes = 1);
  ~Broker();
  Broker(const Broker&) = delete;

  const std::string& address() const { return address_; }
  void kill(int node = 0);                    // with -9; 0: all
  void start();                               // again
  void freeze(bool still);                    // its processes stand still, connections stay open
  // With the broker down: what it has of a partition is lost, as with a disk.
  void lose(const std::string& topic, int partition);
  void topics(const std::string& arguments);  // Kafka's own tool
  // Deletes the records of partition 0 below the offset.
  void cut(const std::string& topic, std::int64_t offset) const;
  // A folder of the test's own.
  std::filesystem::path folder(const std::string& name) const { return root_ / name; }

 private:
  std::string command(const std::string& verb, const std::string& arguments = {}) const;
  const std::filesystem::path root_;
  const int nodes_;
  std::string address_;
};

// Standard output; a failed test if the command fails.
std::string output_of(const std::string& command);

struct Consumed {
  std::int32_t partition = 0;
  std::int64_t offset = 0, timestamp_ms = 0;
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view header(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;
};
// Every record of a topic, partition by partition in order.
std::vector<Consumed> consume(const std::string& brokers, const std::string& topic);

struct RawRecord {
  std::string topic, key, value;
  std::int32_t partition = 0;
};
// Sends records as any other program could.
void produce(const std::string& brokers, const std::vector<RawRecord>& records);
// Takes records before an offset away, as a retention time does.
void expire(const std::string& brokers, const std::string& topic, std::int32_t partition, std::int64_t before);

}  // namespace rapport::kafka
