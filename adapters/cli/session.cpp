#include <cstdlib>

#include "adapters/cli/verb.h"
#include "adapters/http/client.h"
#include "eventstore/event_store.h"

namespace rapport::cli {

std::filesystem::path Session::data_dir() const {
  if (!data.empty()) return data;
  if (const char* named = std::getenv("RAPPORT_DATA"); named && *named) return named;
  return "rapport-data";
}

Result<LocalStore*> Session::local(LocalOptions options) {
  if (local_) return local_.get();
  options.dir = data_dir();
  std::error_code ignored;
  bool there = std::filesystem::exists(options.dir, ignored) && !std::filesystem::is_empty(options.dir, ignored);
  auto opened = LocalStore::open(options);
  if (!opened) return std::move(opened).error();
  local_ = std::move(*opened);
  made_ = !there;
  return local_.get();
}

void Session::leave_no_empty_store() {
  if (!local_ || !made_ || local_->event_store().head().position.value > 0) return;
  local_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(data_dir(), ignored);
}

Session::~Session() {
  local_.reset();
  std::error_code ignored;
  if (!tried_.empty()) std::filesystem::remove_all(tried_, ignored);
}

Result<Service*> Session::service_to_try() {
  auto found = service(Opening::kWrite);
  if (found || found.error().reason != "store.missing") return found;
  auto folder = (std::filesystem::temp_directory_path() / "rapport-try-XXXXXX").string();
  if (!mkdtemp(folder.data())) return found;
  tried_ = folder;
  auto opened = LocalStore::open({.dir = tried_, .opening = Opening::kCreate});
  if (!opened) return std::move(opened).error();
  local_ = std::move(*opened);
  return local_.get();
}

Result<Service*> Session::service(LocalOptions options) {
  if (remote_) return remote_.get();
  auto connect = [&](const std::string& url) -> Result<Service*> {
    auto client = RemoteService::at(url);
    if (!client) return std::move(client).error();
    remote_ = std::make_unique<RemoteService>(std::move(*client));
    return remote_.get();
  };
  if (!server.empty()) return connect(server);
  auto store = local(std::move(options));
  if (store) return *store;
  if (store.error().reason != "store.locked") return std::move(store).error();
  auto address = holder_address(data_dir());
  if (address.empty()) return std::move(store).error();
  return connect(address);
}

}  // namespace rapport::cli
