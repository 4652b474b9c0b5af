#include "adapters/http/connection.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <optional>

#include "adapters/http/line_pipe.h"
#include "adapters/http/wakeup.h"
#include "adapters/http/wire.h"

namespace rapport {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
// What is handed to a co_await has a name here: g++ 12 destroys a temporary of an aggregate type twice.
template <class T>
using Awaitable = asio::awaitable<T>;

constexpr milliseconds kLong{3'600'000};  // between two looks at something that will be notified
constexpr milliseconds kRetryLog{100};    // when a reader of the log found no thread

Error overloaded() {
  return {.code = ErrorCode::kUnavailable,
          .reason = "http.overloaded",
          .message = "the server has more to do than it can",
          .hint = "Try again in a moment."};
}

Error stopping_error() {
  return {.code = ErrorCode::kUnavailable, .reason = "http.stopping", .message = "the server is stopping"};
}

// Exceptions do not cross layers; one that does all the same, such as bad_alloc, costs one request and not
// the server.
HttpReply guarded(const std::function<HttpReply()>& answer) {
  try {
    return answer();
  } catch (const std::exception& exception) {
    spdlog::error("a request ended with an exception: {}", exception.what());
    return to_reply(
        Problem{{.code = ErrorCode::kCorrupt, .reason = "http.internal", .message = "the server failed"}});
  }
}

std::string sse_text(const LiveEvents& events) {
  std::string text;
  for (const auto& event : events) {
    text += "id: " + std::to_string(event->position) + "\nevent: " + event->type + "\ndata: " + event->json +
            "\n\n";
  }
  return text;
}

// One of those who wait for events, from here to the end of its request.
struct LivePlace {
  const ConnectionShared& shared;
  const std::size_t taken;
  explicit LivePlace(const ConnectionShared& all) : shared(all), taken(all.live_clients++) { shared.metrics.live_clients(1); }
  ~LivePlace() {
    --shared.live_clients;
    shared.metrics.live_clients(-1);
  }
  LivePlace(const LivePlace&) = delete;
  LivePlace& operator=(const LivePlace&) = delete;
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const ConnectionShared& shared)
      : shared_(shared),
        limits_(shared.options.limits),
        wire_(std::move(socket), shared.options.limits, "rapport/" + shared.options.version),
        wake_(std::make_shared<Wakeup>(wire_.executor())) {}
  ~Connection() {
    shared_.metrics.connections(-1);
    shared_.connections.add(-1);
  }

  Awaitable<void> run();

 private:
  Awaitable<bool> read_request();
  Awaitable<bool> answer();
  Awaitable<HttpReply> decide(CommandRequest command);
  Awaitable<HttpReply> work(WorkerPool& pool, std::function<HttpReply()> answer);
  Awaitable<HttpReply> work_in_turn(const std::function<HttpReply()>& answer);
  Awaitable<bool> run_on(WorkerPool& pool, const std::function<void()>& work);
  Awaitable<bool> send(HttpReply reply);
  Awaitable<bool> send_problem(const Problem& problem);

  Awaitable<bool> send_lines(EventsRequest asked);
  Awaitable<bool> send_live(Handling handling);
  Awaitable<bool> send_when_there(Handling handling);
  Awaitable<bool> wait_for_events(LiveReader& reader, Clock::time_point until);
  Awaitable<std::optional<Problem>> start_live(LiveReader& reader);
  Awaitable<bool> continue_live(LiveReader& reader, bool& caught_up);
  Awaitable<bool> send_from_log(LiveReader& reader);
  Awaitable<void> end_live(const Error& error, std::uint64_t passed);

  bool is_stopping() const { return shared_.stopping.stop_requested(); }
  void on_stop();
  void on_cut();
  void count(unsigned status);

  const ConnectionShared& shared_;
  const HttpLimits& limits_;
  HttpWire wire_;
  const std::shared_ptr<Wakeup> wake_;

  // Of the request being answered.
  HttpRequest request_;
  Clock::time_point began_;
  std::string_view route_;

  bool gone_ = false;  // the client of a stream is
};

Awaitable<void> Connection::run() {
  const auto self = weak_from_this();
  const auto executor = wire_.executor();
  const auto tell = [self, executor](void (Connection::*what)()) {
    asio::post(executor, [self, what] {
      if (const auto connection = self.lock()) ((*connection).*what)();
    });
  };
  const std::stop_callback on_stop(shared_.stopping, [tell] { tell(&Connection::on_stop); });
  const std::stop_callback on_cut(shared_.cutting, [tell] { tell(&Connection::on_cut); });
  while (true) {
    bool begun = !is_stopping();
    if (begun) begun = co_await wire_.wait_for_request();
    if (!begun || is_stopping()) break;
    const bool read = co_await read_request();
    if (!read) break;
    const bool goes_on = co_await answer();
    if (!goes_on) break;
  }
  wire_.cut();
}

void Connection::on_stop() {
  wire_.stop_waiting();
  wake_->notify();
}

void Connection::on_cut() {
  wire_.cut();
  gone_ = true;
  wake_->notify();
}

Awaitable<bool> Connection::read_request() {
  request_ = {};
  route_ = "(unknown)";
  std::optional<Problem> problem;
  const bool read = co_await wire_.read(request_, problem);
  began_ = Clock::now();
  if (read) co_return true;
  if (!problem) co_return false;
  count(to_reply(*problem).status);
  co_await wire_.refuse(*problem);
  co_return false;
}

Awaitable<bool> Connection::answer() {
  Handling handling = shared_.api.handle(request_);
  route_ = handling.route;
  if (handling.lane == Lane::kLines && !wire_.is_head())
    co_return co_await send_lines(std::move(handling.lines));
  if (handling.lane == Lane::kLive && !wire_.is_head())
    co_return co_await send_live(std::move(handling));
  if (handling.lane == Lane::kWait && !wire_.is_head())
    co_return co_await send_when_there(std::move(handling));
  HttpReply reply;
  switch (handling.lane) {
    case Lane::kInline:
      reply = guarded(handling.answer);
      break;
    case Lane::kCommands:
      reply = co_await decide(std::move(handling.command));
      break;
    case Lane::kReports:
    case Lane::kWait:
      reply = co_await work(shared_.reports, std::move(handling.answer));
      break;
    case Lane::kLong:
      reply = co_await work(shared_.longs, std::move(handling.answer));
      break;
    case Lane::kLines:
      reply.content_type = "application/jsonl";
      break;
    case Lane::kLive:
      reply.content_type = "text/event-stream";
      break;
  }
  const bool goes_on = co_await send(std::move(reply));
  co_return goes_on;
}

// Goes on once the command is decided, even if the connection is cut meanwhile.
Awaitable<HttpReply> Connection::decide(CommandRequest command) {
  Result<std::string> receipt = std::string();
  std::atomic<bool> done = false;
  const bool taken = shared_.commands.try_run(std::move(command), [&receipt, &done, wake = wake_](Result<std::string> answer) {
    receipt = std::move(answer);
    done = true;  // from here on only `wake` is sure to be there
    wake->notify();
  });
  if (!taken) co_return to_reply(Problem{overloaded()});
  while (!done) co_await wake_->wait(kLong);
  co_return command_reply(std::move(receipt));
}

Awaitable<HttpReply> Connection::work(WorkerPool& pool, std::function<HttpReply()> answer) {
  HttpReply reply;
  const std::function<void()> blocking = [&] { reply = guarded(answer); };
  const bool taken = co_await run_on(pool, blocking);
  if (!taken) co_return to_reply(Problem{overloaded()});
  co_return reply;
}

// On a thread for reports, as soon as one has time: for those who came to wait anyway, so many that they would overrun the queue.
Awaitable<HttpReply> Connection::work_in_turn(const std::function<HttpReply()>& answer) {
  HttpReply reply;
  const std::function<void()> blocking = [&] { reply = guarded(answer); };
  for (bool taken = false; !taken;) {
    taken = co_await run_on(shared_.reports, blocking);
    if (taken) break;
    if (is_stopping()) co_return to_reply(Problem{stopping_error()});
    co_await wake_->wait(kRetryLog);
  }
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
  if (is_stopping()) wire_.end_after_this();
  count(reply.status);
  co_return co_await wire_.send(std::move(reply));
}

Awaitable<bool> Connection::send_problem(const Problem& problem) {
  HttpReply reply = to_reply(problem);
  co_return co_await send(std::move(reply));
}

Awaitable<bool> Connection::send_lines(EventsRequest asked) {
  const auto pipe =
      std::make_shared<LinePipe>(limits_.stream_buffer_bytes, [wake = wake_] { wake->notify(); });
  const bool taken = shared_.longs.try_run(
      [&service = shared_.service, cut = shared_.cutting, pipe, asked = std::move(asked)] {
        pipe->finish(service.events(
            asked, [&](std::string_view line) { return pipe->push(line); }, cut));
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
      fine = co_await wire_.begin_stream("application/jsonl");
    }
    if (fine && !taken_now.bytes.empty()) fine = co_await wire_.write_piece(taken_now.bytes);
    if (!outcome) continue;
    const bool complete = *outcome && !shared_.cutting.stop_requested();
    if (complete && fine) co_return co_await wire_.end_stream();
    // No last chunk: a client must not take this for all there is.
    const std::string last = to_line(*outcome ? stopping_error() : outcome->error()) + "\n";
    if (fine) co_await wire_.write_piece(last);
    break;
  }
  pipe->abandon();
  co_return false;
}

Awaitable<bool> Connection::send_live(Handling handling) {
  const LivePlace place(shared_);
  const Problem full{overloaded()};
  if (place.taken >= limits_.live_clients_max) co_return co_await send_problem(full);
  HttpReply known;
  if (handling.answer) known = co_await work_in_turn(handling.answer);
  if (known.status != 200) co_return co_await send(std::move(known));
  LiveReader reader(shared_.live, std::move(handling.live), [wake = wake_] { wake->notify(); });
  const auto problem = co_await start_live(reader);
  if (problem) co_return co_await send_problem(*problem);
  count(200);
  wire_.end_after_this();
  wire_.buffer_at_most(limits_.live_buffer_bytes);
  bool open = co_await wire_.begin_stream("text/event-stream");
  wire_.watch_for_end(shared_from_this(), [this] {
    gone_ = true;
    wake_->notify();
  });
  if (open) open = co_await wire_.write_piece("retry: 2000\n\n");
  bool caught_up = false;
  while (open && !gone_) open = co_await continue_live(reader, caught_up);
  co_return false;
}

Awaitable<bool> Connection::send_when_there(Handling handling) {
  const LivePlace place(shared_);
  const Problem full{overloaded()};
  if (place.taken >= limits_.live_clients_max) co_return co_await send_problem(full);
  const auto until = Clock::now() + handling.wait;
  HttpReply reply;
  {
    // There before the first look, so that nothing comes unnoticed in between.
    LiveReader reader(shared_.live, handling.live, [wake = wake_] { wake->notify(); });
    for (bool again = true; again;) {
      reply = co_await work_in_turn(handling.answer);
      again = reply.status == 200 && reply.body == "[]" && Clock::now() < until;
      if (again) again = co_await wait_for_events(reader, until);
    }
  }
  const bool goes_on = co_await send(std::move(reply));
  co_return goes_on;
}

// False: the time is over, or the server stops.
Awaitable<bool> Connection::wait_for_events(LiveReader& reader, Clock::time_point until) {
  while (Clock::now() < until && !is_stopping() && !gone_) {
    auto next = reader.next();
    if (!next.events.empty()) co_return true;
    if (next.state == LiveReader::State::kClosed) co_return false;
    if (next.state == LiveReader::State::kEvents) continue;
    if (next.state == LiveReader::State::kBehind) {
      Result<LiveEvents> read = LiveEvents{};
      const std::function<void()> blocking = [&] { read = reader.read_log(); };
      const bool taken = co_await run_on(shared_.reports, blocking);
      if (!taken) co_await wake_->wait(kRetryLog);
      if (!read || !read->empty()) co_return true;
      continue;
    }
    co_await wake_->wait(std::chrono::ceil<milliseconds>(until - Clock::now()));
  }
  co_return false;
}

// Until the reader is on its way; what keeps it from that is the reply.
Awaitable<std::optional<Problem>> Connection::start_live(LiveReader& reader) {
  while (true) {
    auto next = reader.start();
    if (is_stopping()) co_return Problem{stopping_error()};
    switch (next.state) {
      case LiveReader::State::kStarting:
        co_await wake_->wait(kLong);
        break;
      case LiveReader::State::kClosed:
        co_return Problem{next.error.value_or(stopping_error())};
      case LiveReader::State::kAhead:
        co_return Problem{
            {.code = ErrorCode::kInvalid,
             .reason = "events.position_ahead",
             .message = "the log has not reached that position",
             .hint = "Was the store restored from an older backup? Then read it from the start."}};
      default:
        co_return std::nullopt;
    }
  }
}

// One step; false: over. No co_await stands behind && or ||: g++ 12 has it answer false where it is not reached.
Awaitable<bool> Connection::continue_live(LiveReader& reader, bool& caught_up) {
  const auto due = wire_.last_written() + limits_.heartbeat;
  if (Clock::now() >= due) {
    // Its id moves the client's place past what the filter left out, so that it need not be read again.
    const auto id = reader.passed() == 0 ? std::string{} : "id: " + std::to_string(reader.passed()) + "\n";
    const std::string heartbeat = ": heartbeat\n" + id + "\n";
    co_return co_await wire_.write_piece(heartbeat);
  }
  auto next = reader.next();
  const std::string text = sse_text(next.events);
  const Error stopping = stopping_error();
  switch (next.state) {
    case LiveReader::State::kEvents:
      if (text.empty()) co_return true;
      co_return co_await wire_.write_piece(text);
    case LiveReader::State::kBehind:
      co_return co_await send_from_log(reader);
    case LiveReader::State::kAtHead:
      if (!std::exchange(caught_up, true)) co_return co_await wire_.write_piece(": caught-up\n\n");
      break;
    case LiveReader::State::kStarting:
      break;
    case LiveReader::State::kAhead:
    case LiveReader::State::kClosed:
      co_await end_live(next.error ? *next.error : stopping, reader.passed());
      co_return false;
  }
  co_await wake_->wait(std::chrono::ceil<milliseconds>(due - Clock::now()));
  co_return true;
}

// The last thing a client hears is why, and from where to come again.
Awaitable<void> Connection::end_live(const Error& error, std::uint64_t passed) {
  const std::string again = passed == 0 ? std::string() : "; come again with Last-Event-ID: " + std::to_string(passed);
  const std::string farewell = ": " + error.message + again + "\n\n";
  const bool heard = co_await wire_.write_piece(farewell);
  if (heard) co_await wire_.end_stream();
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
    co_await end_live(read.error(), reader.passed());
    co_return false;
  }
  const std::string text = sse_text(*read);
  if (text.empty()) co_return true;
  co_return co_await wire_.write_piece(text);
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
