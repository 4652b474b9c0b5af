// A store with two people in it, and ways to look for the bytes of their keys.
#pragma once
#include <functional>
#include <optional>

#include "tests/program/program.h"

namespace rapport::program {

// A subject's key as it must not be found: the secret itself, and as keys/db has it.
struct KeyBytes {
  std::uint64_t id = 0;
  std::string raw, wrapped;
};

struct Subjects : Folder {
  // account-4711 is Anna Grün, account-4712 Ben.
  Subjects();

  // Runs a verb on the store, its answer as JSON; `code` is what it must end with.
  Ran rapport(std::vector<std::string> arguments, int code = 0) const;
  nlohmann::json command(const std::string& stream, const std::string& name, const std::string& body = "{}",
                         const std::vector<std::string>& more = {}) const;
  Ran erase(const std::string& subject, int code = 0, const std::vector<std::string>& more = {}) const;
  std::vector<nlohmann::json> events(const std::string& stream) const;
  // The name in customer360/accounts, with what stands beside it.
  nlohmann::json account(const std::string& id, const std::vector<std::string>& more = {}) const;
  bool verifies() const;

  // Of a store that is closed. Nothing: the subject has no key.
  std::optional<KeyBytes> key_of(const std::string& subject) const;
  // The files of the store that hold eight bytes of it, or more.
  std::vector<std::string> files_with(const KeyBytes& key) const;
  // A copy of the store to be tried out, and the store put back as it was.
  void keep();
  void put_back();
};

// Sets a variable for the programs that are run.
class Variable final {
 public:
  Variable(const char* name, const std::string& value);
  ~Variable();
  Variable(const Variable&) = delete;

 private:
  const char* const name_;
};

// Calls `run` once for every change that it makes below keys/, killed with -9 right before it, each time on the store as it is
// now, and `check` after each; both once more for the run to its end. How many changes there were. `step`: not for every change.
long kill_at_every_change(Subjects& store, const std::function<Ran()>& run, const std::function<void(bool ended)>& check, long step = 1);

}  // namespace rapport::program
