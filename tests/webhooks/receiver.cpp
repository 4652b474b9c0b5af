#include "tests/webhooks/receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "domain/result.h"

namespace rapport::test {

std::string Received::header(const std::string& name) const {
  auto at = head.find("\r\n" + name + ": ");
  if (at == head.npos) return {};
  at += name.size() + 4;
  return head.substr(at, head.find("\r\n", at) - at);
}

bool Receiver::Reply::write(const std::string& bytes) const {
  for (std::size_t sent = 0; sent < bytes.size();) {
    auto wrote = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (wrote <= 0) return false;
    sent += static_cast<std::size_t>(wrote);
  }
  return true;
}

bool Receiver::Reply::is_open() const {
  pollfd one{socket_, POLLIN, 0};
  if (::poll(&one, 1, 50) <= 0) return true;
  char scrap;
  return ::recv(socket_, &scrap, 1, MSG_PEEK) > 0;
}

std::string Receiver::status(int code, const std::string& more, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(code) + " x\r\nconnection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

Receiver::Receiver(Answering answer) : answer_(std::move(answer)), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  RAPPORT_ASSERT(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  RAPPORT_ASSERT(::listen(listening_, 128) == 0);
  RAPPORT_ASSERT(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::jthread([this] { accept_all(); });
}

Receiver::~Receiver() {
  ::shutdown(listening_, SHUT_RDWR);
  accepting_.join();
  ::close(listening_);
  {
    std::lock_guard lock(mutex_);
    for (auto socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  threads_.clear();
}

void Receiver::accept_all() {
  for (;;) {
    auto socket = ::accept(listening_, nullptr, nullptr);
    if (socket < 0) return;
    std::lock_guard lock(mutex_);
    open_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void Receiver::serve(int socket) {
  std::string bytes;
  auto whole = [&] {
    auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) return false;
    Received so_far{bytes.substr(0, end + 2), {}};
    auto length = so_far.header("Content-Length");
    return bytes.size() >= end + 4 + (length.empty() ? 0 : std::stoul(length));
  };
  char piece[4096];
  while (!whole()) {
    auto got = ::recv(socket, piece, sizeof piece, 0);
    if (got <= 0) break;
    bytes.append(piece, static_cast<std::size_t>(got));
  }
  if (auto end = bytes.find("\r\n\r\n"); end != bytes.npos) answer_({bytes.substr(0, end + 2), bytes.substr(end + 4)}, Reply(socket));
  std::lock_guard lock(mutex_);
  open_.remove(socket);
  ::close(socket);
}

}  // namespace rapport::test
