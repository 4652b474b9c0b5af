// A receiver of webhooks on a real socket, which answers whatever a test wants, byte for byte.
#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rapport::test {

struct Received {
  std::string head, body;
  std::string header(const std::string& name) const;  // lower case
};

// Each connection has a thread of its own; all have ended when it is destroyed.
class Receiver final {
 public:
  // Writes to the connection as it likes; it is closed afterwards.
  class Reply {
   public:
    explicit Reply(int socket) : socket_(socket) {}
    bool write(const std::string& bytes) const;  // false: the other side has gone
    bool is_open() const;                        // waits a moment for the other side to go

   private:
    const int socket_;
  };
  using Answering = std::function<void(const Received&, const Reply&)>;

  explicit Receiver(Answering answer);
  ~Receiver();
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  int port() const { return port_; }

  static std::string status(int code, const std::string& more = "", const std::string& body = "");
  static Answering always(int code) {
    return [code](const Received&, const Reply& reply) { reply.write(status(code)); };
  }

 private:
  void accept_all();
  void serve(int socket);

  const Answering answer_;
  int listening_, port_;
  std::mutex mutex_;
  std::list<int> open_;  // guarded by mutex_
  std::list<std::jthread> threads_;
  std::jthread accepting_;
};

}  // namespace rapport::test
