// How an HTTP server is set up, and every limit it holds its clients to.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "domain/result.h"

namespace rapport {

// Limits are there so that no client, slow, broken or hostile, can take what the others need.
struct HttpLimits {
  std::size_t header_bytes_max = 16 << 10;  // request line and headers: 431
  std::size_t target_bytes_max = 8 << 10;   // 414
  std::size_t body_bytes_max = 1 << 20;     // 413; the largest command is far smaller
  std::size_t connections_max = 4096;       // beyond: 503 and closed; fewer where the system allows no more open files
  std::size_t live_clients_max = 2048;      // of the connections, waiting ones included; beyond: 503
  std::size_t live_buffer_bytes = 64 << 10;  // the system's, of one that does not read
  std::size_t page_events_default = 1000;   // GET /v1/events without limit=
  std::size_t page_events_max =
      10'000;  // with a larger limit= the page ends here and says where the next begins
  std::size_t page_bytes_max = 4 << 20;         // likewise; a page is made up in memory
  std::size_t stream_buffer_bytes = 256 << 10;  // JSON Lines made ahead of the client that reads them

  std::chrono::milliseconds header_timeout{
      10'000};  // from a request's first byte to the end of its headers: 408
  std::chrono::milliseconds body_timeout{30'000};   // for the whole body: 408
  std::chrono::milliseconds write_timeout{30'000};  // for each piece written; past it the client is dropped
  std::chrono::milliseconds idle_timeout{60'000};   // between two requests of a connection
  std::chrono::milliseconds heartbeat{15'000};      // of live events
  std::chrono::milliseconds wait_max{60'000};       // GET /v1/events?wait=: longer ones end here
  std::chrono::milliseconds stop_timeout{
      10'000};  // for requests in flight at a stop; then their connections are cut
};

struct HttpOptions {
  std::string host = "127.0.0.1";  // an address or a name
  std::uint16_t port = 0;          // 0: any free one
  // Users and rights do not exist yet, so who reaches the port may do everything: elsewhere than on a
  // loopback address the server listens only if told so.
  bool allow_remote = false;
  unsigned io_threads = 2;
  // Threads that wait in the Service. Commands that wait together are decided together, by one thread: more than two work only
  // where those take long.
  unsigned command_threads = 16;
  unsigned report_threads = 4;
  unsigned long_threads = 8;         // imports, verification, JSON Lines
  std::size_t command_queue = 1024;  // waiting for a thread; beyond: 503
  std::size_t report_queue = 256;
  std::size_t long_queue = 8;
  std::string version = "";  // of the program, for the Server header
  // What /readyz answers, a JSON document; empty: ready from the start. Called on an I/O thread, so it must not
  // block.
  std::function<Result<std::string>()> ready = {};
  HttpLimits limits = {};
};

}  // namespace rapport
