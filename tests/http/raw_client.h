// A client that sends exactly the bytes it is told to, and reads what comes.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace rapport {

class RawClient final {
 public:
  // `receive_buffer` > 0: a small one, so that the server feels a client that does not read.
  explicit RawClient(const std::string& address, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.find(':') + 1).c_str())));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }

  // False: the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // Reads until `until` is in what was read since the last call, and takes it up to there; empty if the time
  // passes or the connection ends before.
  std::string read_until(std::string_view until,
                         std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    std::size_t at = 0, searched = 0;
    while ((at = pending_.find(until, searched)) == pending_.npos) {
      searched = pending_.size() - std::min(pending_.size(), until.size());
      if (!read_some(end)) return {};
    }
    std::string taken = pending_.substr(0, at + until.size());
    pending_.erase(0, at + until.size());
    return taken;
  }

  // Everything until the other side closes; `closed` says whether it did in time.
  std::string read_all(std::chrono::milliseconds at_most = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (read_some(end)) continue;
    return std::exchange(pending_, {});
  }
  bool closed() const { return closed_; }

  // One whole reply with a Content-Length.
  std::string read_reply() {
    std::string reply = read_until("\r\n\r\n");
    const auto at = reply.find("Content-Length: ");
    if (at == reply.npos) return reply;
    const auto length = static_cast<std::size_t>(std::atoll(reply.c_str() + at + 16));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (pending_.size() < length && read_some(end)) continue;
    reply += pending_.substr(0, length);
    pending_.erase(0, length);
    return reply;
  }

  std::string ask(std::string_view bytes) {
    send(bytes);
    return read_reply();
  }

 private:
  bool read_some(std::chrono::steady_clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd poll{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&poll, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[16384];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    pending_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  int socket_;
  bool connected_ = false, closed_ = false;
  std::string pending_;
};

inline std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

inline std::string post(std::string_view target, std::string_view body, std::string_view headers = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace rapport
