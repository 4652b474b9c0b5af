// A store with something of everything in it, its backups, and what comes of them.
#pragma once
#include <fstream>
#include <map>
#include <set>

#include "tests/program/program.h"

namespace rapport::program {

namespace fs = std::filesystem;

struct Backups : Folder {
  std::string backup() const { return path("backup"); }
  std::string keys() const { return path("keys"); }

  static Ran json(std::vector<std::string> arguments) {
    for (const auto* more : {"--format", "json", "--quiet"}) arguments.emplace_back(more);
    return run(arguments);
  }
  // Deals by an import, a signing key, persons with sealed names: 25 events. Made once, copied for each test.
  void fill() {
    static const Filled filled;
    fs::copy(filled.folder / "store", store(), fs::copy_options::recursive);
  }
  struct Filled final : Folder {
    Filled() {
      EXPECT_EQ(import_deals().code, 0);
      EXPECT_EQ(json({"keygen", "--data", store()}).code, 0);
      for (int i = 0; i < 12; ++i) EXPECT_EQ(add_person_to(store(), i).code, 0);
    }
    void TestBody() override {}
  };
  static Ran add_person_to(const std::string& data, int number) {
    auto id = "person-" + std::to_string(number);
    return json({"command", "account/" + id, "create", R"({"kind":"person","name":"Li )" + id + R"("})", "--id", command_id(number),
                 data.starts_with("http://") ? "--server" : "--data", data});
  }
  Ran add_person(int number) const { return add_person_to(store(), number); }
  static std::string command_id(int number) {
    char text[40];
    std::snprintf(text, sizeof text, "0190b1c2-7a10-7000-8000-a5%010d", number);
    return text;
  }
  Ran back_up() const { return json({"backup", backup(), "--keys", keys(), "--data", store()}); }
  Ran restore(const std::string& to_folder, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"restore", backup(), path(to_folder), "--keys", keys()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json(arguments);
  }
  nlohmann::json inspect(const std::string& data) const { return json({"inspect", "--data", data}).json(); }
  bool verifies(const std::string& data) const { return json({"verify", "--data", data}).json()["ok"] == true; }
  static std::uint64_t position(const Ran& ran) { return ran.json().value("position", std::uint64_t{0}); }
  // Of every file below the folder, its bytes.
  static std::map<std::string, std::string> files(const std::string& folder) {
    std::map<std::string, std::string> all;
    for (auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) all[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    return all;
  }
  // Names beside the store that a restore or a load that failed left behind.
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (auto& entry : fs::directory_iterator(folder)) all.insert(entry.path().filename().string());
    return all;
  }
};

}  // namespace rapport::program
