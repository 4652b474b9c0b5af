// A data directory that an earlier program wrote (tests/golden/store/v1): its log, keys and memory of imports, without the views,
// which are folded again. What it answered then it has to answer for ever.
//
// UPDATE_GOLDEN=1 writes a format's directory where it is missing; none is ever written anew.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(RAPPORT_SOURCE_DIR) / "tests" / "golden" / "store" / "v1";

struct GoldenStore : Folder {
  GoldenStore() {
    const auto* update = std::getenv("UPDATE_GOLDEN");
    if (update && *update == '1' && !fs::exists(kGolden)) write_golden();
    fs::copy(kGolden / "data", store(), fs::copy_options::recursive);
    fs::permissions(fs::path(store()) / "keys", fs::perms::owner_all);
    fs::permissions(fs::path(store()) / "keys" / "master.key", fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string answer(const std::vector<std::string>& arguments) const {
    auto all = arguments;
    for (const auto& more : {std::string("--data"), store()}) all.push_back(more);
    auto ran = run(all);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return ran.out;
  }
  nlohmann::json reports() const {
    nlohmann::json rows;
    for (const auto* report : {"pipeline/opportunities", "customer360/accounts"})
      rows[report] = nlohmann::json::parse(answer({"query", report, "--sort", "id", "--format", "json"}))["rows"];
    return rows;
  }
  // Imports, a command and a correction: frames, keys, and the memory of an import.
  void write_golden() {
    ASSERT_EQ(import_deals().code, 0);
    answer({"command", "opportunity/D-2", "win", "{}", "--actor", "anna", "--reason", "contract-signed:三年合同"});
    answer({"command", "account/A-1", "create", R"({"kind":"person","name":"王伟"})"});
    fs::create_directories(kGolden);
    std::ofstream(kGolden / "dump.jsonl") << answer({"dump"});
    std::ofstream(kGolden / "reports.json") << reports().dump(1) << '\n';
    for (auto& entry : fs::recursive_directory_iterator(store())) {
      auto inside = fs::relative(entry.path(), store());
      auto name = inside.filename().string();
      if (!entry.is_regular_file() || inside.string().starts_with("views") || name.starts_with("LOG") || name == "LOCK" ||
          name.starts_with("OPTIONS") || name == "IDENTITY")
        continue;
      fs::create_directories((kGolden / "data" / inside).parent_path());
      fs::copy_file(entry.path(), kGolden / "data" / inside);
    }
    fs::remove_all(store());
  }
};

// Whether a document has all that an older one has; members may have come since.
bool says(const nlohmann::json& now, const nlohmann::json& then) {
  if (then.is_array())
    return now.is_array() && std::equal(now.begin(), now.end(), then.begin(), then.end(), says);
  if (!then.is_object()) return now == then;
  for (auto& [name, member] : then.items())
    if (!now.contains(name) || !says(now[name], member)) return false;
  return now.is_object();
}
std::vector<nlohmann::json> events_in(const std::string& dump) {
  std::vector<nlohmann::json> events;
  std::istringstream lines(dump);
  for (std::string line; std::getline(lines, line);)
    if (auto json = nlohmann::json::parse(line); json.contains("leaf")) events.push_back(std::move(json));
  return events;
}

TEST_F(GoldenStore, HoldsTheEventsThatItHeld) {
  auto then = events_in(read_file(kGolden / "dump.jsonl")), now = events_in(answer({"dump"}));
  ASSERT_GT(then.size(), 10u);
  ASSERT_EQ(now.size(), then.size());
  for (std::size_t i = 0; i < then.size(); ++i) EXPECT_TRUE(says(now[i], then[i])) << now[i] << "\nis not\n" << then[i];
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
}

TEST_F(GoldenStore, FoldsIntoTheReportsThatItGave) {
  auto then = nlohmann::json::parse(read_file(kGolden / "reports.json")), now = reports();
  EXPECT_EQ(then["customer360/accounts"][0]["name"], "王伟");  // sealed in the log, and opened with its key
  EXPECT_TRUE(says(now, then)) << now << "\nis not\n" << then;
}

TEST_F(GoldenStore, StillKnowsItsImports) {
  auto again = import_deals().json();
  EXPECT_EQ(again["accepted"], 0);
  EXPECT_EQ(again["already"], 4);
}

TEST_F(GoldenStore, TakesNewEvents) {
  auto before = run({"inspect", "--data", store(), "--format", "json"}).json();
  answer({"command", "opportunity/D-4", "lose", R"({"reasonCode":"price"})", "--reason", "price"});
  auto after = run({"inspect", "--data", store(), "--format", "json"}).json();
  EXPECT_EQ(after["position"].get<int>(), before["position"].get<int>() + 1);
  EXPECT_EQ(run({"verify", "--data", store(), "--format", "json", "--quiet"}).json()["ok"], true);
}

}  // namespace
}  // namespace rapport::program
