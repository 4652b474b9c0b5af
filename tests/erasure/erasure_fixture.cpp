#include "tests/erasure/erasure_fixture.h"

#include <rocksdb/db.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "eventstore/byte_order.h"
#include "eventstore/rocks/rocks_subject_keys.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPieceBytes = 8;

}  // namespace

Subjects::Subjects() {
  command("account/4711", "create", R"({"kind":"person","name":"Anna Grün"})");
  command("account/4712", "create", R"({"kind":"person","name":"Ben"})");
}

Ran Subjects::rapport(std::vector<std::string> arguments, int code) const {
  for (const auto& more : {std::string("--data"), store(), std::string("--format"), std::string("json"), std::string("--quiet")})
    arguments.push_back(more);
  auto ran = run(arguments);
  EXPECT_EQ(ran.code, code) << arguments[0] << ": " << ran.err;
  return ran;
}

nlohmann::json Subjects::command(const std::string& stream, const std::string& name, const std::string& body,
                                 const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"command", stream, name, body};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return rapport(arguments).json();
}

Ran Subjects::erase(const std::string& subject, int code, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"command", "dataSubject/" + subject, "eraseSubject", "--reason", "gdpr-17"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return rapport(arguments, code);
}

std::vector<nlohmann::json> Subjects::events(const std::string& stream) const {
  std::istringstream lines(rapport({"events", "--stream", stream}).out);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  return all;
}

nlohmann::json Subjects::account(const std::string& id, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"query", "customer360/accounts", "id=" + id};
  arguments.insert(arguments.end(), more.begin(), more.end());
  auto rows = rapport(arguments).json()["rows"];
  EXPECT_EQ(rows.size(), 1u) << rows;
  return rows.empty() ? nlohmann::json() : rows[0];
}

bool Subjects::verifies() const { return rapport({"verify"}).json().value("ok", false); }

std::optional<KeyBytes> Subjects::key_of(const std::string& subject) const {
  KeyBytes key;
  {
    auto directory = StoreDirectory::open_to_read(store());
    RAPPORT_ASSERT(directory);
    auto keys = RocksSubjectKeys::open(**directory);
    RAPPORT_ASSERT(keys);
    key.id = *(*keys)->current_key(subject);
    if (key.id == 0) return {};
    auto secret = (**(*keys)->find(key.id)).key.secret;
    key.raw.assign(secret.begin(), secret.end());
  }
  rocksdb::DB* db = nullptr;
  RAPPORT_ASSERT(rocksdb::DB::OpenForReadOnly({}, store() + "/keys/db", &db).ok());
  std::unique_ptr<rocksdb::DB> owned(db);
  std::string entry = "i";
  append_be<8>(entry, key.id);
  RAPPORT_ASSERT(db->Get({}, entry, &key.wrapped).ok());
  key.wrapped.resize(kWrappedBytes);
  return key;
}

std::vector<std::string> Subjects::files_with(const KeyBytes& key) const {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(store())) {
    if (!entry.is_regular_file()) continue;
    auto bytes = read_file(entry.path());
    for (const auto* secret : {&key.raw, &key.wrapped})
      for (std::size_t at = 0; at + kPieceBytes <= secret->size(); at += kPieceBytes)
        if (bytes.find(secret->substr(at, kPieceBytes)) != bytes.npos) found.push_back(fs::relative(entry.path(), store()).string());
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void Subjects::keep() {
  fs::remove_all(path("kept"));
  fs::copy(store(), path("kept"), fs::copy_options::recursive);
}
void Subjects::put_back() {
  fs::remove_all(store());
  fs::copy(path("kept"), store(), fs::copy_options::recursive);
}

Variable::Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
Variable::~Variable() { unsetenv(name_); }

long kill_at_every_change(Subjects& store, const std::function<Ran()>& run, const std::function<void(bool ended)>& check, long step) {
  store.keep();
  long changes = 0;
  {
    Variable preload("LD_PRELOAD", KILL_AT_LIBRARY), count("KILL_COUNT", store.path("changes"));
    auto ran = run();
    EXPECT_EQ(ran.code, 0) << ran.err;
    changes = std::atol(read_file(store.path("changes")).c_str());
  }
  check(true);
  for (long at = 1; at <= changes && !testing::Test::HasFailure(); at += step) {
    testing::ScopedTrace trace(__FILE__, __LINE__, "killed before change " + std::to_string(at) + " of " + std::to_string(changes));
    store.put_back();
    {
      Variable preload("LD_PRELOAD", KILL_AT_LIBRARY), kill("KILL_AT", std::to_string(at));
      // A run may make fewer changes than the one before it: what it does at its end depends on threads.
      auto code = run().code;
      EXPECT_TRUE(code == -SIGKILL || code == 0) << code;
    }
    check(false);
  }
  return changes;
}

}  // namespace rapport::program
