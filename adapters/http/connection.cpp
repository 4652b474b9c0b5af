// The one place where the server uses Beast: it costs more to compile than all the rest.
#include "adapters/http/connection.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <optional>

#include "adapters/http/line_pipe.h"
#include "adapters/http/wakeup.h"

namespace rapport {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
// What is handed to a co_await has a name here: g++ 12 destroys a temporary of an aggregate type twice.
template <class T>
using Awaitable = asio::awaitable<T>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kLong{3'600'000};    // between two looks at something that will be notified
constexpr milliseconds kRetryLog{100};      // when a reader of the log found no thread
constexpr std::size_t kLingerBytes = 4 << 20;  // of a refused body, read and thrown away so that the refusal arrives
constexpr milliseconds kLinger{2'000};

// Cancels whatever the socket does when time is up, and again until it is disarmed: an operation made of several may be
// just between two of them.
class Deadline final {
 public:
  explicit Deadline(tcp::socket& socket) : socket_(socket), timer_(socket.get_executor()) {}
  ~Deadline() { disarm(); }
  void arm(milliseconds after) {
    passed_ = false;
    ++*generation_;
    wait(after);
  }
  void disarm() {
    ++*generation_;
    timer_.cancel();
  }
  bool passed() const { return passed_; }

 private:
  void wait(milliseconds after) {
    timer_.expires_after(after);
    // The handler may be under way already when it is disarmed, or when all this is gone: only the generation is safe to ask.
    timer_.async_wait([this, current = generation_, armed = *generation_](error_code error) {
      if (error || armed != *current) return;
      passed_ = true;
      error_code ignored;
      socket_.cancel(ignored);
      wait(milliseconds(20));
    });
  }
  tcp::socket& socket_;
  asio::steady_timer timer_;
  const std::shared_ptr<unsigned> generation_ = std::make_shared<unsigned>(0);
  bool passed_ = false;
};

Error overloaded() {
  return {.code = ErrorCode::kUnavailable,
          .reason = "http.overloaded",
          .message = "the server has more to do than it can",
          .hint = "Try again in a moment."};
}

Error stopping_error() {
  return {.code = ErrorCode::kUnavailable, .reason = "http.stopping", .message = "the server is stopping"};
}

// Exceptions do not cross layers; one that does all the same, such as bad_alloc, costs one request and not the server.
HttpReply guarded(const std::function<HttpReply()>& answer) {
  try {
    return answer();
  } catch (const std::exception& exception) {
    spdlog::error("a request ended with an exception: {}", exception.what());
    return to_reply(Problem{{.code = ErrorCode::kCorrupt, .reason = "http.internal", .message = "the server failed"}});
  }
}

// What reading a request came to, as the reply that says so; none if there is nobody to tell.
std::optional<Problem> read_problem(error_code error, bool timed_out, bool in_first_line) {
  const auto problem = [](unsigned status, const char* reason, const char* message) {
    return Problem{{.code = ErrorCode::kInvalid, .reason = reason, .message = message}, status};
  };
  if (timed_out) return problem(408, "http.too_slow", "the request did not arrive in time");
  if (error == http::error::end_of_stream || error.category() != http::make_error_code(http::error::end_of_stream).category()) {
    return {};
  }
  if (error == http::error::body_limit) return problem(413, "http.body_too_large", "the body is too large");
  if (error == http::error::header_limit) {
    return in_first_line ? problem(414, "http.target_too_long", "the address is too long")
                         : problem(431, "http.header_too_large", "the headers are too large");
  }
  if (error == http::error::bad_version) return problem(505, "http.version", "only HTTP/1.0 and HTTP/1.1 are spoken");
  if (error == http::error::partial_message) return {};
  return problem(400, "http.malformed", "that is no HTTP request");
}

std::string sse_text(const LiveEvents& events) {
  std::string text;
  for (const auto& event : events) {
    text += "id: " + std::to_string(event->position) + "\nevent: " + event->type + "\ndata: " + event->json + "\n\n";
  }
  return text;
}

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const ConnectionShared& shared)
      : shared_(shared),
        limits_(shared.options.limits),
        socket_(std::move(socket)),
        deadline_(socket_),
        wake_(std::make_shared<Wakeup>(socket_.get_executor())) {}
  ~Connection() {
    shared_.metrics.connections(-1);
    shared_.connections.add(-1);
  }

  Awaitable<void> run();

 private:
  using Parser = http::request_parser<http::string_body>;

  Awaitable<bool> wait_for_request();
  Awaitable<bool> read_request();
  Awaitable<error_code> read_body(Parser& parser);
  Awaitable<bool> answer();
  Awaitable<HttpReply> work(WorkerPool& pool, std::function<HttpReply()> answer);
  Awaitable<bool> run_on(WorkerPool& pool, const std::function<void()>& work);
  Awaitable<bool> send(HttpReply reply);
  Awaitable<bool> send_problem(const Problem& problem);
  Awaitable<void> refuse(const Problem& problem);
  Awaitable<void> linger();

  Awaitable<bool> send_lines(EventsRequest asked);
  Awaitable<bool> send_live(LiveReader::From from);
  Awaitable<std::optional<Problem>> start_live(LiveReader& reader);
  Awaitable<bool> continue_live(LiveReader& reader, bool& caught_up);
  Awaitable<bool> send_from_log(LiveReader& reader);
  Awaitable<void> end_live(const Error& error);
  Awaitable<bool> begin_stream(const char* content_type);
  Awaitable<bool> write_piece(std::string_view piece);
  Awaitable<bool> end_stream();

  bool is_stopping() const { return shared_.stopping.stop_requested(); }
  void watch_for_end();
  void on_stop();
  void on_cut();
  void count(unsigned status);

  const ConnectionShared& shared_;
  const HttpLimits& limits_;
  tcp::socket socket_;
  Deadline deadline_;
  const std::shared_ptr<Wakeup> wake_;
  boost::beast::flat_buffer buffer_;

  // Of the request being answered.
  HttpRequest request_;
  bool keep_alive_ = false, is_head_ = false;
  unsigned version_ = 11;
  Clock::time_point began_;
  std::string_view route_;

  bool waiting_ = false;  // for a request to begin
  bool gone_ = false;     // the client of live events is
  Clock::time_point last_written_;
  char scrap_[256];
};

Awaitable<void> Connection::run() {
  const auto self = weak_from_this();
  const auto executor = socket_.get_executor();
  const auto tell = [self, executor](void (Connection::*what)()) {
    asio::post(executor, [self, what] {
      if (const auto connection = self.lock()) ((*connection).*what)();
    });
  };
  const std::stop_callback on_stop(shared_.stopping, [tell] { tell(&Connection::on_stop); });
  const std::stop_callback on_cut(shared_.cutting, [tell] { tell(&Connection::on_cut); });
  while (true) {
    const bool begun = co_await wait_for_request();
    if (!begun) break;
    const bool read = co_await read_request();
    if (!read) break;
    const bool goes_on = co_await answer();
    if (!goes_on) break;
  }
  deadline_.disarm();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Connection::on_stop() {
  error_code ignored;
  if (waiting_) socket_.cancel(ignored);
  wake_->notify();
}

void Connection::on_cut() {
  error_code ignored;
  socket_.close(ignored);
  gone_ = true;
  wake_->notify();
}

Awaitable<bool> Connection::wait_for_request() {
  if (buffer_.size() > 0) co_return !is_stopping();  // pipelined
  if (is_stopping()) co_return false;
  waiting_ = true;
  deadline_.arm(limits_.idle_timeout);
  const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(4096), kAwait);
  deadline_.disarm();
  waiting_ = false;
  buffer_.commit(bytes);
  co_return !error;
}

Awaitable<bool> Connection::read_request() {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  parser.body_limit(limits_.body_bytes_max);
  request_ = {};
  route_ = "(unknown)";
  is_head_ = false;
  keep_alive_ = false;
  version_ = 11;
  began_ = Clock::now();
  deadline_.arm(limits_.header_timeout);
  auto [error, bytes] = co_await http::async_read_header(socket_, buffer_, parser, kAwait);
  if (!error) error = co_await read_body(parser);
  deadline_.disarm();
  if (error) {
    const auto problem = read_problem(error, deadline_.passed(), parser.get().target().empty());
    if (problem) co_await refuse(*problem);
    co_return false;
  }
  auto message = parser.release();
  version_ = message.version();
  keep_alive_ = message.keep_alive();
  is_head_ = message.method() == http::verb::head;
  request_.method = message.method_string();
  request_.target = message.target();
  for (const auto& field : message) request_.headers.emplace_back(field.name_string(), field.value());
  request_.body = std::move(message.body());
  began_ = Clock::now();
  if (request_.target.size() > limits_.target_bytes_max) {
    const Problem too_long{{ErrorCode::kInvalid, "http.target_too_long", "the address is too long"}, 414};
    co_await refuse(too_long);
    co_return false;
  }
  if (version_ >= 11 && !request_.header("Host")) {
    const Problem no_host{{ErrorCode::kInvalid, "http.no_host", "the request says no host", "Host"}};
    co_await refuse(no_host);
    co_return false;
  }
  co_return true;
}

Awaitable<error_code> Connection::read_body(Parser& parser) {
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

Awaitable<bool> Connection::answer() {
  Handling handling = shared_.api.handle(request_);
  route_ = handling.route;
  if (handling.lane == Lane::kLines && !is_head_) co_return co_await send_lines(std::move(handling.lines));
  if (handling.lane == Lane::kLive && !is_head_) co_return co_await send_live(std::move(handling.live));
  HttpReply reply;
  switch (handling.lane) {
    case Lane::kInline: reply = guarded(handling.answer); break;
    case Lane::kCommands: reply = co_await work(shared_.commands, std::move(handling.answer)); break;
    case Lane::kReports: reply = co_await work(shared_.reports, std::move(handling.answer)); break;
    case Lane::kLong: reply = co_await work(shared_.longs, std::move(handling.answer)); break;
    case Lane::kLines: reply.content_type = "application/jsonl"; break;
    case Lane::kLive: reply.content_type = "text/event-stream"; break;
  }
  const bool goes_on = co_await send(std::move(reply));
  co_return goes_on;
}

Awaitable<HttpReply> Connection::work(WorkerPool& pool, std::function<HttpReply()> answer) {
  HttpReply reply;
  const std::function<void()> blocking = [&] { reply = guarded(answer); };
  const bool taken = co_await run_on(pool, blocking);
  if (!taken) co_return to_reply(Problem{overloaded()});
  co_return reply;
}

// False: no thread for it. Goes on once the work is done, even if the connection is cut meanwhile.
Awaitable<bool> Connection::run_on(WorkerPool& pool, const std::function<void()>& work) {
  std::atomic<bool> done = false;
  const bool taken = pool.try_run([&done, &work, wake = wake_] {
    work();
    done = true;  // from here on only `wake` is sure to be there
    wake->notify();
  });
  if (!taken) co_return false;
  while (!done) co_await wake_->wait(kLong);
  co_return true;
}

void Connection::count(unsigned status) {
  const auto taken = Clock::now() - began_;
  shared_.metrics.answered(route_, request_.method, status, taken);
  spdlog::debug("{} {} {} in {} us", request_.method, request_.target, status,
                std::chrono::duration_cast<std::chrono::microseconds>(taken).count());
}

Awaitable<bool> Connection::send(HttpReply reply) {
  keep_alive_ = keep_alive_ && !is_stopping();
  http::response<http::string_body> response(static_cast<http::status>(reply.status), version_);
  response.set(http::field::server, "rapport/" + shared_.options.version);
  response.set(http::field::content_type, reply.content_type);
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.set("X-Content-Type-Options", "nosniff");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(keep_alive_);
  response.content_length(reply.body.size());
  if (!is_head_) response.body() = std::move(reply.body);
  count(reply.status);
  deadline_.arm(limits_.write_timeout);
  const auto [error, bytes] = co_await http::async_write(socket_, response, kAwait);
  deadline_.disarm();
  co_return !error && keep_alive_;
}

Awaitable<bool> Connection::send_problem(const Problem& problem) {
  HttpReply reply = to_reply(problem);
  co_return co_await send(std::move(reply));
}

// Answers what could not be read to its end, so the connection ends as well.
Awaitable<void> Connection::refuse(const Problem& problem) {
  keep_alive_ = false;
  co_await send_problem(problem);
  co_await linger();
}

// A close with unread bytes would reset the connection, and the client might never see the reply.
Awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  deadline_.arm(kLinger);
  std::size_t read = 0;
  buffer_.clear();
  while (!error && read < kLingerBytes) {
    const auto [end, bytes] = co_await socket_.async_read_some(buffer_.prepare(64 << 10), kAwait);
    error = end;
    read += bytes;
  }
  deadline_.disarm();
}

Awaitable<bool> Connection::begin_stream(const char* content_type) {
  http::response<http::empty_body> response(http::status::ok, version_);
  response.set(http::field::server, "rapport/" + shared_.options.version);
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

Awaitable<bool> Connection::write_piece(std::string_view piece) {
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

Awaitable<bool> Connection::end_stream() {
  if (version_ < 11) co_return false;
  deadline_.arm(limits_.write_timeout);
  const auto [error, bytes] = co_await asio::async_write(socket_, http::make_chunk_last(), kAwait);
  deadline_.disarm();
  co_return !error && keep_alive_ && !is_stopping();
}

Awaitable<bool> Connection::send_lines(EventsRequest asked) {
  const auto pipe = std::make_shared<LinePipe>(limits_.stream_buffer_bytes, [wake = wake_] { wake->notify(); });
  const bool taken =
      shared_.longs.try_run([&service = shared_.service, cut = shared_.cutting, pipe, asked = std::move(asked)] {
        pipe->finish(service.events(asked, [&](std::string_view line) { return pipe->push(line); }, cut));
      });
  const Problem full{overloaded()};
  if (!taken) co_return co_await send_problem(full);
  bool begun = false, fine = true;
  while (fine) {
    auto taken_now = pipe->take();
    if (taken_now.bytes.empty() && !taken_now.outcome) {
      co_await wake_->wait(kLong);
      fine = !gone_;
      continue;
    }
    const auto& outcome = taken_now.outcome;
    if (!begun && outcome && !*outcome) {
      const Problem failed{outcome->error()};
      co_return co_await send_problem(failed);
    }
    if (!begun) {
      begun = true;
      count(200);
      fine = co_await begin_stream("application/jsonl");
    }
    if (fine && !taken_now.bytes.empty()) fine = co_await write_piece(taken_now.bytes);
    if (!outcome) continue;
    if (*outcome && !shared_.cutting.stop_requested()) co_return fine && co_await end_stream();
    // No last chunk: a client must not take this for all there is.
    const std::string last = to_line(*outcome ? stopping_error() : outcome->error()) + "\n";
    if (fine) co_await write_piece(last);
    fine = false;
  }
  pipe->abandon();
  co_return false;
}

// Finds out that the client has gone while there is nothing to send to it.
void Connection::watch_for_end() {
  socket_.async_read_some(asio::buffer(scrap_), [self = shared_from_this()](error_code error, std::size_t) {
    if (!error) return self->watch_for_end();
    self->gone_ = true;
    self->wake_->notify();
  });
}

Awaitable<bool> Connection::send_live(LiveReader::From from) {
  struct Place {
    const ConnectionShared& shared;
    const std::size_t taken;
    explicit Place(const ConnectionShared& all) : shared(all), taken(all.live_clients++) {
      shared.metrics.live_clients(1);
    }
    ~Place() {
      --shared.live_clients;
      shared.metrics.live_clients(-1);
    }
  };
  const Place place(shared_);
  const Problem full{overloaded()};
  if (place.taken >= limits_.live_clients_max) co_return co_await send_problem(full);
  LiveReader reader(shared_.live, std::move(from), [wake = wake_] { wake->notify(); });
  const auto problem = co_await start_live(reader);
  if (problem) co_return co_await send_problem(*problem);
  count(200);
  keep_alive_ = false;
  bool open = co_await begin_stream("text/event-stream");
  watch_for_end();
  open = open && co_await write_piece("retry: 2000\n\n");
  bool caught_up = false;
  while (open && !gone_) open = co_await continue_live(reader, caught_up);
  co_return false;
}

// Until the reader is on its way; what keeps it from that is the reply.
Awaitable<std::optional<Problem>> Connection::start_live(LiveReader& reader) {
  while (true) {
    auto next = reader.start();
    if (is_stopping()) co_return Problem{stopping_error()};
    switch (next.state) {
      case LiveReader::State::kStarting: co_await wake_->wait(kLong); break;
      case LiveReader::State::kClosed: co_return Problem{next.error.value_or(stopping_error())};
      case LiveReader::State::kAhead:
        co_return Problem{{.code = ErrorCode::kInvalid,
                           .reason = "events.position_ahead",
                           .message = "the log has not reached that position",
                           .hint = "Was the store restored from an older backup? Then read it from the start."}};
      default: co_return std::nullopt;
    }
  }
}

// One step; false: over.
Awaitable<bool> Connection::continue_live(LiveReader& reader, bool& caught_up) {
  const auto due = last_written_ + limits_.heartbeat;
  if (Clock::now() >= due) {
    // Its id moves the client's place past what the filter left out, so that it need not be read again.
    const auto id = reader.passed() == 0 ? std::string{} : "id: " + std::to_string(reader.passed()) + "\n";
    const std::string heartbeat = ": heartbeat\n" + id + "\n";
    co_return co_await write_piece(heartbeat);
  }
  auto next = reader.next();
  const std::string text = sse_text(next.events);
  const Error stopping = stopping_error();
  switch (next.state) {
    case LiveReader::State::kEvents: co_return text.empty() || co_await write_piece(text);
    case LiveReader::State::kBehind: co_return co_await send_from_log(reader);
    case LiveReader::State::kAtHead:
      if (!std::exchange(caught_up, true)) co_return co_await write_piece(": caught-up\n\n");
      break;
    case LiveReader::State::kStarting: break;
    case LiveReader::State::kAhead:
    case LiveReader::State::kClosed:
      co_await end_live(next.error ? *next.error : stopping);
      co_return false;
  }
  co_await wake_->wait(std::chrono::ceil<milliseconds>(due - Clock::now()));
  co_return true;
}

// The last thing a client hears is why.
Awaitable<void> Connection::end_live(const Error& error) {
  const std::string farewell = ": " + error.message + "\n\n";
  const bool heard = co_await write_piece(farewell);
  if (heard) co_await end_stream();
}

Awaitable<bool> Connection::send_from_log(LiveReader& reader) {
  Result<LiveEvents> read = LiveEvents{};
  const std::function<void()> blocking = [&] { read = reader.read_log(); };
  const bool taken = co_await run_on(shared_.reports, blocking);
  if (!taken) {
    co_await wake_->wait(kRetryLog);
    co_return true;
  }
  if (!read) {
    co_await end_live(read.error());
    co_return false;
  }
  const std::string text = sse_text(*read);
  co_return text.empty() || co_await write_piece(text);
}

}  // namespace

int ConnectionCount::add(int change) {
  std::lock_guard lock(mutex_);
  count_ += change;
  changed_.notify_all();
  return count_;
}

bool ConnectionCount::wait_for_none(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return count_ == 0; });
}

void serve_connection(tcp::socket socket, const ConnectionShared& shared) {
  shared.connections.add(1);
  shared.metrics.connections(1);
  const auto executor = socket.get_executor();
  auto connection = std::make_shared<Connection>(std::move(socket), shared);
  auto* running = connection.get();
  asio::co_spawn(executor, running->run(), [connection](const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
      spdlog::error("a connection ended with an exception: {}", exception.what());
    }
  });
}

}  // namespace rapport
