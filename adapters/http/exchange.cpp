// The one place where the client uses Beast.
#include "adapters/http/exchange.h"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace rapport {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;
template <class T>
using Awaitable = asio::awaitable<T>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPieceBytes = 64 << 10;

class Exchange final {
 public:
  Exchange(asio::io_context& context, const HttpServerAddress& server, const HttpRequest& request,
           const ExchangeOptions& options, const BodySink& sink)
      : server_(server), request_(request), options_(options), sink_(sink), stream_(context) {}

  Awaitable<void> run() {
    const error_code error = co_await all();
    if (error) failed_ = explain(error);
    // Cancels what stop() may be about to cancel, so nothing is left to do in the context.
    stream_.close();
    finished_ = true;
  }

  void stop() {
    stopped_ = true;
    if (!finished_) stream_.close();
  }

  Result<HttpReply> outcome() && {
    if (failed_) return *failed_;
    return std::move(reply_);
  }

 private:
  Awaitable<error_code> all() {
    tcp::resolver resolver(stream_.get_executor());
    const auto [unknown, found] =
        co_await resolver.async_resolve(server_.host, std::to_string(server_.port), kAwait);
    if (unknown) co_return unknown;
    allow_time();
    const auto [refused, endpoint] = co_await stream_.async_connect(found, kAwait);
    if (refused) co_return refused;
    connected_ = true;
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto message = beast_request();
    allow_time();
    const auto [unsent, sent] = co_await http::async_write(stream_, message, kAwait);
    // A server may refuse a request before it has read it all: then its answer is there.
    const error_code unread = co_await read();
    co_return unread ? (unsent ? unsent : unread) : error_code{};
  }

  http::request<http::string_body> beast_request() const {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request_.method);
    message.target(request_.target);
    const bool is_v6 = server_.host.find(':') != server_.host.npos;
    message.set(http::field::host,
                fmt::format(fmt::runtime(is_v6 ? "[{}]:{}" : "{}:{}"), server_.host, server_.port));
    message.set(http::field::connection, "close");
    for (const auto& [name, value] : request_.headers) message.set(name, value);
    message.body() = request_.body;
    message.prepare_payload();
    return message;
  }

  Awaitable<error_code> read() {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    allow_time();
    const auto [headless, head] = co_await http::async_read_header(stream_, buffer_, parser, kAwait);
    if (headless) co_return headless;
    auto& message = parser.get();
    reply_.status = message.result_int();
    reply_.content_type = message[http::field::content_type];
    for (const auto& field : message) reply_.headers.emplace_back(field.name_string(), field.value());
    const bool streams = sink_ && reply_.status == 200;
    std::string piece(kPieceBytes, '\0');
    while (!parser.is_done()) {
      message.body().data = piece.data();
      message.body().size = piece.size();
      allow_time();
      auto [error, bytes] = co_await http::async_read_some(stream_, buffer_, parser, kAwait);
      if (error == http::error::need_buffer) error = {};
      if (error) co_return error;
      const std::string_view got(piece.data(), piece.size() - message.body().size);
      if (!streams) {
        reply_.body += got;
      } else if (!got.empty() && !sink_(got)) {
        break;
      }
    }
    co_return error_code{};
  }

  void allow_time() {
    if (options_.timeout) {
      stream_.expires_after(*options_.timeout);
    } else {
      stream_.expires_never();
    }
    if (stopped_) stream_.close();  // between two operations nothing else would end the next
  }

  Error explain(const error_code& error) const {
    const std::string where = server_.host + ":" + std::to_string(server_.port);
    if (stopped_)
      return {ErrorCode::kUnavailable, "http.stopped", "the request to " + where + " was broken off"};
    if (error == beast::error::timeout) {
      return {.code = ErrorCode::kUnavailable,
              .reason = "http.timeout",
              .message = "the server at " + where + " did not answer in time",
              .hint = "If it was a command, the same command id tells whether it was recorded."};
    }
    return {.code = ErrorCode::kUnavailable,
            .reason = "http.unreachable",
            .message = connected_ ? "the connection to the server at " + where + " broke: " + error.message()
                                  : "cannot reach a server at " + where + ": " + error.message(),
            .hint = connected_ ? "" : "Is `rapport serve` running there?"};
  }

  const HttpServerAddress& server_;
  const HttpRequest& request_;
  const ExchangeOptions& options_;
  const BodySink& sink_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  HttpReply reply_;
  std::optional<Error> failed_;
  bool connected_ = false, stopped_ = false, finished_ = false;
};

}  // namespace

Result<HttpReply> exchange(const HttpServerAddress& server, const HttpRequest& request,
                           const ExchangeOptions& options, const BodySink& sink) {
  asio::io_context context(1);
  Exchange exchange(context, server, request, options, sink);
  asio::co_spawn(context, exchange.run(), asio::detached);
  {
    // Gone before the context is: what it posts finds both.
    const std::stop_callback on_stop(options.stop, [&] { asio::post(context, [&] { exchange.stop(); }); });
    context.run();
  }
  return std::move(exchange).outcome();
}

}  // namespace rapport
