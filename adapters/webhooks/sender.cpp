#include "adapters/webhooks/sender.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <map>

namespace rapport::webhooks {
namespace {

struct Transfer {
  SentRequest request;
  const ReachableNetworks* networks;
  Answer answer;
  std::size_t received = 0;
  bool too_long = false, forbidden = false;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{nullptr, curl_slist_free_all};
};

// Where every connection begins: the name is resolved by now, so that no second answer of a name server gets past this.
curl_socket_t open_checked(void* of, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<Transfer*>(of);
  if (!transfer->networks->reach(address->addr)) {
    transfer->forbidden = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* of) {
  auto* transfer = static_cast<Transfer*>(of);
  auto& body = transfer->answer.body;
  if (body.size() < Sender::kBodyKept) body.append(bytes, std::min(size, Sender::kBodyKept - body.size()));
  transfer->received += size;
  transfer->too_long = transfer->received > Sender::kBodyReadMax;
  return transfer->too_long ? 0 : size;
}

// Once a process, before the first use.
void start_curl() {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  RAPPORT_ASSERT(started == CURLE_OK);
}

std::string reason(const Transfer& transfer, CURLcode result) {
  if (transfer.forbidden)
    return "the address is not of the public internet, and not allowed (serve --webhook-allow NETWORK)";
  return curl_easy_strerror(result);
}

}  // namespace

class Sender::Impl {
 public:
  Impl(ReachableNetworks networks, std::chrono::milliseconds timeout) : networks_(std::move(networks)), timeout_(timeout) {
    start_curl();
    multi_ = curl_multi_init();
    RAPPORT_ASSERT(multi_ != nullptr);
  }
  ~Impl() {
    for (auto& [easy, transfer] : transfers_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
  }

  void begin(SentRequest request) {
    auto* easy = curl_easy_init();
    RAPPORT_ASSERT(easy != nullptr);
    auto transfer = std::make_unique<Transfer>(Transfer{.request = std::move(request), .networks = &networks_, .answer = {}});
    transfer->answer.tag = transfer->request.tag;
    set_up(easy, *transfer);
    transfers_.emplace(easy, std::move(transfer));
    curl_multi_add_handle(multi_, easy);
  }

  std::vector<Answer> wait(std::chrono::milliseconds at_most) {
    int running = 0, events = 0;
    curl_multi_perform(multi_, &running);
    auto answers = finished();
    if (!answers.empty()) return answers;
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(at_most.count()), &events);
    curl_multi_perform(multi_, &running);
    return finished();
  }

  void wake() { curl_multi_wakeup(multi_); }

 private:
  void set_up(CURL* easy, Transfer& transfer) const {
    auto& request = transfer.request;
    for (auto& [name, value] : request.headers)
      transfer.headers.reset(curl_slist_append(transfer.headers.release(), (name + ": " + value).c_str()));
    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // also not that of the environment: it would connect for us, unchecked
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout_, kConnectTimeout).count()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &open_checked);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  }

  std::vector<Answer> finished() {
    std::vector<Answer> answers;
    int left = 0;
    while (auto* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto* easy = message->easy_handle;
      auto result = message->data.result;
      auto found = transfers_.find(easy);
      answers.push_back(answer_of(easy, *found->second, result));
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
      transfers_.erase(found);
    }
    return answers;
  }

  static Answer answer_of(CURL* easy, Transfer& transfer, CURLcode result) {
    auto answer = std::move(transfer.answer);
    long status = 0;
    curl_off_t took = 0, retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer.status = static_cast<unsigned>(status);
    answer.took = std::chrono::milliseconds(took / 1'000);
    if (retry_after > 0) answer.retry_after = std::chrono::seconds(retry_after);
    // Of an answer that is too long the receiver said what matters; one that breaks off or never ends is none.
    if (result != CURLE_OK && !transfer.too_long) answer.error = reason(transfer, result);
    return answer;
  }

  const ReachableNetworks networks_;
  const std::chrono::milliseconds timeout_;
  CURLM* multi_;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;
};

Sender::Sender(ReachableNetworks networks, std::chrono::milliseconds timeout) : impl_(std::make_unique<Impl>(std::move(networks), timeout)) {}
Sender::~Sender() = default;
void Sender::begin(SentRequest request) { impl_->begin(std::move(request)); }
std::vector<Answer> Sender::wait(std::chrono::milliseconds at_most) { return impl_->wait(at_most); }
void Sender::wake() { impl_->wake(); }

}  // namespace rapport::webhooks
