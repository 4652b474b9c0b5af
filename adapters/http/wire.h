// HTTP/1.1 on one socket: requests in, replies and streams out, each within its limits of size and time.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/http/deadline.h"
#include "adapters/http/message.h"
#include "adapters/http/options.h"
#include "adapters/http/problem.h"

namespace rapport {

// One coroutine at a time, on the socket's executor, which must have one thread; stop_waiting() and cut() on it
// as well.
class HttpWire final {
 public:
  // `server`: what the Server header says.
  HttpWire(boost::asio::ip::tcp::socket socket, const HttpLimits& limits, std::string server);

  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

  // Until the next request begins. False: there will be none.
  boost::asio::awaitable<bool> wait_for_request();
  // False: there is no request; `problem` then says why, if there is somebody to tell.
  boost::asio::awaitable<bool> read(HttpRequest& request, std::optional<Problem>& problem);

  // Answers the request that was read. False: the connection is to end.
  boost::asio::awaitable<bool> send(HttpReply reply);
  // Answers what could not be read to its end, in a way that the client gets to see.
  boost::asio::awaitable<void> refuse(const Problem& problem);

  // A reply of status 200 in pieces. All false: the client has gone or does not read. Without end_stream()
  // the client knows that it did not get all.
  boost::asio::awaitable<bool> begin_stream(const char* content_type);
  boost::asio::awaitable<bool> write_piece(std::string_view piece);
  boost::asio::awaitable<bool> end_stream();
  std::chrono::steady_clock::time_point last_written() const { return last_written_; }

  // Calls `on_end` when the client ends the connection, while nothing is read from it. The wire must live
  // until then, or until it was closed and the handler has run: `keep` sees to that.
  void watch_for_end(std::shared_ptr<void> keep, std::function<void()> on_end);

  bool is_head() const { return is_head_; }
  void buffer_at_most(std::size_t bytes);          // what the system keeps of a client that does not read
  void end_after_this() { keep_alive_ = false; }  // no further request on this connection
  void stop_waiting();                            // ends wait_for_request()
  void cut();                                     // ends everything at once

 private:
  template <class Parser>
  boost::asio::awaitable<boost::system::error_code> read_body(Parser& parser);
  boost::asio::awaitable<void> linger();

  boost::asio::ip::tcp::socket socket_;
  Deadline deadline_;
  const HttpLimits& limits_;
  const std::string server_;
  boost::beast::flat_buffer buffer_;

  // Of the request that was read.
  bool keep_alive_ = false, is_head_ = false;
  unsigned version_ = 11;

  bool waiting_ = false;  // for a request to begin
  std::chrono::steady_clock::time_point last_written_;
  char scrap_[256];
};

}  // namespace rapport
