// The one place where the server uses Beast: it costs more to compile than all the rest.
#include "adapters/http/wire.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <utility>

namespace rapport {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
// What is handed to a co_await has a name: g++ 12 destroys a temporary of an aggregate type twice.
template <class T>
using Awaitable = asio::awaitable<T>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kFirstBytes = 4096;
// Of a refused body, read and thrown away so that the refusal arrives.
constexpr std::size_t kLingerBytes = 4 << 20, kLingerPiece = 64 << 10;
constexpr milliseconds kLinger{2'000};

std::string at_most(std::size_t bytes) { return "at most " + std::to_string(bytes) + " bytes"; }
std::string seconds(milliseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

// What reading a request came to, as the reply that says so; none if there is nobody to tell.
std::optional<Problem> read_problem(error_code error, bool timed_out, bool in_first_line, bool in_body,
                                    const HttpLimits& limits) {
  const auto problem = [](unsigned status, const char* reason, const char* message, std::string expected = {}) {
    return Problem{
        {.code = ErrorCode::kInvalid, .reason = reason, .message = message, .expected = std::move(expected)},
        status};
  };
  if (timed_out) {
    return problem(408, "http.too_slow", "the request did not arrive in time",
                   in_body ? "the body within " + seconds(limits.body_timeout)
                           : "the headers within " + seconds(limits.header_timeout));
  }
  if (error == http::error::end_of_stream ||
      error.category() != http::make_error_code(http::error::end_of_stream).category()) {
    return {};
  }
  if (error == http::error::body_limit)
    return problem(413, "http.body_too_large", "the body is too large", at_most(limits.body_bytes_max));
  if (error == http::error::header_limit) {
    return in_first_line ? problem(414, "http.target_too_long", "the address is too long",
                                   at_most(limits.target_bytes_max))
                         : problem(431, "http.header_too_large", "the headers are too large",
                                   at_most(limits.header_bytes_max));
  }
  if (error == http::error::bad_version)
    return problem(505, "http.version", "only HTTP/1.0 and HTTP/1.1 are spoken");
  if (error == http::error::partial_message) return {};
  return problem(400, "http.malformed", "that is no HTTP request");
}

}  // namespace

HttpWire::HttpWire(tcp::socket socket, const HttpLimits& limits, std::string server)
    : socket_(std::move(socket)), deadline_(socket_), limits_(limits), server_(std::move(server)) {}

void HttpWire::stop_waiting() {
  error_code ignored;
  if (waiting_) socket_.cancel(ignored);
}

void HttpWire::cut() {
  deadline_.disarm();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

Awaitable<bool> HttpWire::wait_for_request() {
  if (buffer_.size() > 0) co_return true;  // pipelined
  waiting_ = true;
  deadline_.arm(limits_.idle_timeout);
  const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(kFirstBytes), kAwait);
  deadline_.disarm();
  waiting_ = false;
  buffer_.commit(bytes);
  co_return !error;
}

template <class Parser>
Awaitable<error_code> HttpWire::read_body(Parser& parser) {
  if (parser.is_done()) co_return error_code{};
  deadline_.arm(limits_.body_timeout);
  if (boost::beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, written] = co_await asio::async_write(socket_, asio::buffer(kContinue), kAwait);
    if (error) co_return error;
  }
  const auto [error, bytes] = co_await http::async_read(socket_, buffer_, parser, kAwait);
  co_return error;
}

Awaitable<bool> HttpWire::read(HttpRequest& request, std::optional<Problem>& problem) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  parser.body_limit(limits_.body_bytes_max);
  is_head_ = keep_alive_ = false;
  version_ = 11;
  deadline_.arm(limits_.header_timeout);
  auto [error, bytes] = co_await http::async_read_header(socket_, buffer_, parser, kAwait);
  if (!error) error = co_await read_body(parser);
  deadline_.disarm();
  if (error) {
    problem = read_problem(error, deadline_.passed(), parser.get().target().empty(), parser.is_header_done(),
                           limits_);
    co_return false;
  }
  auto message = parser.release();
  version_ = message.version();
  keep_alive_ = message.keep_alive();
  is_head_ = message.method() == http::verb::head;
  request.method = message.method_string();
  request.target = message.target();
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  request.body = std::move(message.body());
  if (request.target.size() > limits_.target_bytes_max) {
    problem = Problem{{.code = ErrorCode::kInvalid,
                       .reason = "http.target_too_long",
                       .message = "the address is too long",
                       .expected = at_most(limits_.target_bytes_max)},
                      414};
  } else if (version_ >= 11 && !request.header("Host")) {
    problem = Problem{{ErrorCode::kInvalid, "http.no_host", "the request says no host", "Host"}};
  }
  co_return !problem;
}

Awaitable<bool> HttpWire::send(HttpReply reply) {
  http::response<http::string_body> response(static_cast<http::status>(reply.status), version_);
  response.set(http::field::server, server_);
  response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");  // unless the reply knows better
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(keep_alive_);
  response.content_length(reply.body.size());
  if (!is_head_) response.body() = std::move(reply.body);
  deadline_.arm(limits_.write_timeout);
  const auto [error, bytes] = co_await http::async_write(socket_, response, kAwait);
  deadline_.disarm();
  co_return !error && keep_alive_;
}

Awaitable<void> HttpWire::refuse(const Problem& problem) {
  keep_alive_ = false;
  HttpReply reply = to_reply(problem);
  co_await send(std::move(reply));
  co_await linger();
}

// A close with unread bytes would reset the connection, and the client might never see the reply.
Awaitable<void> HttpWire::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  deadline_.arm(kLinger);
  std::size_t read = 0;
  buffer_.clear();
  while (!error && read < kLingerBytes) {
    const auto [end, bytes] = co_await socket_.async_read_some(buffer_.prepare(kLingerPiece), kAwait);
    error = end;
    read += bytes;
  }
  deadline_.disarm();
}

Awaitable<bool> HttpWire::begin_stream(const char* content_type) {
  http::response<http::empty_body> response(http::status::ok, version_);
  response.set(http::field::server, server_);
  response.set(http::field::content_type, content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(keep_alive_);
  if (version_ >= 11) response.chunked(true);
  http::response_serializer<http::empty_body> serializer(response);
  deadline_.arm(limits_.write_timeout);
  const auto [error, bytes] = co_await http::async_write_header(socket_, serializer, kAwait);
  deadline_.disarm();
  last_written_ = Clock::now();
  co_return !error;
}

Awaitable<bool> HttpWire::write_piece(std::string_view piece) {
  deadline_.arm(limits_.write_timeout);
  error_code error;
  if (version_ >= 11) {
    const auto chunk = http::make_chunk(asio::buffer(piece));
    const auto [failed, bytes] = co_await asio::async_write(socket_, chunk, kAwait);
    error = failed;
  } else {
    const auto [failed, bytes] = co_await asio::async_write(socket_, asio::buffer(piece), kAwait);
    error = failed;
  }
  deadline_.disarm();
  last_written_ = Clock::now();
  co_return !error;
}

void HttpWire::buffer_at_most(std::size_t bytes) {
  error_code ignored;
  socket_.set_option(asio::socket_base::send_buffer_size(static_cast<int>(bytes)), ignored);
}

Awaitable<bool> HttpWire::end_stream() {
  if (version_ < 11) co_return false;
  deadline_.arm(limits_.write_timeout);
  const auto [error, bytes] = co_await asio::async_write(socket_, http::make_chunk_last(), kAwait);
  deadline_.disarm();
  co_return !error && keep_alive_;
}

void HttpWire::watch_for_end(std::shared_ptr<void> keep, std::function<void()> on_end) {
  socket_.async_read_some(asio::buffer(scrap_), [this, keep, on_end](error_code error, std::size_t) {
    if (error) return on_end();
    watch_for_end(keep, on_end);
  });
}

}  // namespace rapport
