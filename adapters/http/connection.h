// One client's connection: requests one after the other, each worked on in its lane.
#pragma once
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "adapters/application/service.h"
#include "adapters/http/api.h"
#include "adapters/http/command_lane.h"
#include "adapters/http/live_events.h"
#include "adapters/http/metrics.h"
#include "adapters/http/options.h"
#include "adapters/http/worker_pool.h"

namespace rapport {

// How many connections there are, for the limit and for the end.
class ConnectionCount final {
 public:
  int add(int change);  // the new count
  bool wait_for_none(std::chrono::milliseconds at_most);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;  // guarded by mutex_
};

// What all connections of a server share.
struct ConnectionShared {
  Service& service;
  const HttpOptions& options;
  const HttpApi& api;
  HttpMetrics& metrics;
  LiveTail& live;
  CommandLane& commands;
  WorkerPool& reports;
  WorkerPool& longs;
  std::stop_token stopping;  // no further requests
  std::stop_token cutting;   // now
  ConnectionCount& connections;
  std::atomic<std::size_t>& live_clients;
};

// Serves the connection on the socket's executor, which must have one thread, until it ends.
void serve_connection(boost::asio::ip::tcp::socket socket, const ConnectionShared& shared);

}  // namespace rapport
