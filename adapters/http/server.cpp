#include "adapters/http/server.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

#include "adapters/http/connection.h"
#include "adapters/http/wakeup.h"

namespace rapport {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Out of file descriptors, say: connections that end give some back.
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::milliseconds kCutPause{1'000};

constexpr rlim_t kOtherFiles = 1'024;  // what the store opens, and whoever delivers

// As many connections as there are file descriptors to be had for: one too many is told so, and not left without an answer.
HttpOptions within_files(HttpOptions options) {
  auto& most = options.limits.connections_max;
  const rlim_t wanted = most + kOtherFiles;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return options;
  const auto had = files.rlim_cur;
  files.rlim_cur = std::min(wanted, files.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = had;
  if (files.rlim_cur >= wanted) return options;
  most = files.rlim_cur > 2 * kOtherFiles ? files.rlim_cur - kOtherFiles : files.rlim_cur / 2;
  spdlog::warn("no more than {} connections at once: the system allows {} open files (ulimit -n)", most, files.rlim_cur);
  return options;
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

Result<tcp::endpoint> resolve(asio::io_context& context, const HttpOptions& options) {
  error_code error;
  auto address = asio::ip::make_address(options.host, error);
  if (error) {
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(options.host, std::to_string(options.port), error);
    if (error || found.empty()) {
      return Error{.code = ErrorCode::kInvalid,
                   .reason = "http.bad_address",
                   .message = "\"" + options.host + "\" is no address to listen on",
                   .expected = "an address or a name, such as 127.0.0.1 or localhost"};
    }
    address = found.begin()->endpoint().address();
  }
  if (!address.is_loopback() && !options.allow_remote) {
    return Error{
        .code = ErrorCode::kInvalid,
        .reason = "http.not_loopback",
        .message =
            options.host + " can be reached from other machines, and whoever reaches it may do everything",
        .hint = "Listen on 127.0.0.1, or pass --allow-remote if something in front checks who may come."};
  }
  return tcp::endpoint(address, options.port);
}

Error cannot_listen(const tcp::endpoint& endpoint, const error_code& error) {
  if (error == asio::error::address_in_use) {
    return {.code = ErrorCode::kUnavailable,
            .reason = "http.port_in_use",
            .message = "another program listens on " + to_text(endpoint) + " already",
            .hint = "Choose another port, or port 0 for any free one."};
  }
  return {.code = ErrorCode::kUnavailable,
          .reason = "http.cannot_listen",
          .message = "cannot listen on " + to_text(endpoint) + ": " + error.message()};
}

// A thread with connections of its own: nothing of a connection ever happens on two threads, so nothing has to take turns, and
// no thread of these wakes another.
struct IoThread {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard = asio::make_work_guard(context);
  std::jthread thread = {};
};
using IoThreads = std::vector<std::unique_ptr<IoThread>>;

IoThreads make_io_threads(unsigned count) {
  IoThreads threads;
  for (unsigned i = 0; i < count; ++i) threads.push_back(std::make_unique<IoThread>());
  return threads;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Service& service, HttpOptions options)
      : options_(within_files(std::move(options))),
        api_(service, options_, metrics_),
        live_(service),
        commands_(std::in_place, service, options_.command_threads, options_.command_queue),
        reports_(std::in_place, options_.report_threads, options_.report_queue),
        longs_(std::in_place, options_.long_threads, options_.long_queue),
        shared_{service,
                options_,
                api_,
                metrics_,
                live_,
                *commands_,
                *reports_,
                *longs_,
                stopping_.get_token(),
                cutting_.get_token(),
                connections_,
                live_clients_} {}

  ~Impl() { stop(); }

  Result<void> listen() {
    const auto endpoint = resolve(io_.front()->context, options_);
    if (!endpoint) return endpoint.error();
    error_code error;
    acceptor_.open(endpoint->protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(*endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(*endpoint, error);
    address_ = to_text(acceptor_.local_endpoint(error));
    asio::co_spawn(acceptor_.get_executor(), accept(), asio::detached);
    for (auto& io : io_) io->thread = std::jthread([&context = io->context] { context.run(); });
    spdlog::info("listening on http://{}", address_);
    return {};
  }

  const std::string& address() const { return address_; }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    stopping_.request_stop();
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    live_.close();
    if (!connections_.wait_for_none(options_.limits.stop_timeout)) {
      spdlog::warn("cutting the connections of requests that did not finish");
      cutting_.request_stop();
      connections_.wait_for_none(kCutPause);
    }
    cutting_.request_stop();
    // The pools before the contexts: their work refers to coroutines that wait in them.
    longs_.reset();
    reports_.reset();
    commands_.reset();
    for (auto& io : io_) io->context.stop();
    for (auto& io : io_)
      if (io->thread.joinable()) io->thread.join();
  }

 private:
  asio::awaitable<void> accept() {
    asio::steady_timer pause(acceptor_.get_executor());
    for (std::size_t next = 0; acceptor_.is_open(); ++next) {
      error_code error;
      auto socket = co_await acceptor_.async_accept(io_[next % io_.size()]->context,
                                                    asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || stopping_.stop_requested()) break;
      if (error) {
        spdlog::warn("cannot accept a connection: {}", error.message());
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      if (connections_.add(0) >= static_cast<int>(options_.limits.connections_max)) {
        turn_away(std::move(socket));
        continue;
      }
      socket.set_option(tcp::no_delay(true), error);
      serve_connection(std::move(socket), shared_);
    }
  }

  // Fits the socket's buffer, so it takes no time.
  static void turn_away(tcp::socket socket) {
    const HttpReply full = to_reply(Problem{{.code = ErrorCode::kUnavailable,
                                             .reason = "http.too_many_connections",
                                             .message = "the server has as many connections as it takes",
                                             .hint = "Try again in a moment."}});
    const std::string text =
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: " +
        full.content_type + "\r\nContent-Length: " + std::to_string(full.body.size()) + "\r\n\r\n" +
        full.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  const HttpOptions options_;
  HttpMetrics metrics_;
  const HttpApi api_;
  LiveTail live_;
  std::stop_source stopping_, cutting_;
  ConnectionCount connections_;
  std::atomic<std::size_t> live_clients_ = 0;

  const IoThreads io_ = make_io_threads(options_.io_threads);
  tcp::acceptor acceptor_{io_.front()->context};
  std::optional<CommandLane> commands_;
  std::optional<WorkerPool> reports_, longs_;
  const ConnectionShared shared_;
  std::string address_;
  bool stopped_ = false;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(Service& service, HttpOptions options) {
  auto impl = std::make_unique<Impl>(service, std::move(options));
  if (auto listening = impl->listen(); !listening) return listening.error();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
const std::string& HttpServer::address() const { return impl_->address(); }
void HttpServer::stop() { impl_->stop(); }

}  // namespace rapport
