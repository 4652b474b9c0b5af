// One bit of a file turned: what is outside the log is reported or refused, or changes no answer. (The log and the keys:
// tests/eventstore_rocks.)
#include <algorithm>
#include <fstream>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

namespace fs = std::filesystem;

struct Flipped : Folder {
  std::vector<fs::path> files_under(const std::string& part) const {
    std::vector<fs::path> files;
    for (auto& entry : fs::recursive_directory_iterator(store() + "/" + part))
      if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }
  // What the store says, with `file` altered in a copy of it, at some places.
  template <class Ask>
  void flip_each(const std::string& part, Ask&& ask) {
    auto right = ask(store());
    ASSERT_EQ(right.code, 0) << right.err;
    for (auto& file : files_under(part)) {
      auto bytes = read_file(file);
      for (auto at : {bytes.size() / 7, bytes.size() / 2, bytes.size() - 1}) {
        fs::remove_all(path("copy"));
        fs::copy(store(), path("copy"), fs::copy_options::recursive);
        auto altered = bytes;
        altered[at] = static_cast<char>(altered[at] ^ 0x10);
        auto name = fs::relative(file, store()).string();
        std::ofstream(path("copy") + "/" + name, std::ios::binary) << altered;
        auto said = ask(path("copy"));
        EXPECT_GE(said.code, 0) << "died of a signal: " << name << " at " << at;
        if (said.code == 0) EXPECT_EQ(said.out, right.out) << name << " at " << at;
        else EXPECT_NE(said.err + said.out, "") << name << " at " << at;
      }
    }
  }
};

TEST_F(Flipped, BytesOfViewsAreReportedOrChangeNoAnswer) {
  ASSERT_EQ(import_deals().code, 0);
  flip_each("views/" + view_folder("pipeline"), [](const std::string& dir) {
    auto verified = run({"verify", "--data", dir, "--format", "json", "--quiet"});
    return verified.code != 0 ? verified : run({"query", "pipeline/opportunities", "--data", dir, "--format", "csv"});
  });
}

TEST_F(Flipped, BytesOfTheMemoryOfImportsAreReportedOrChangeNoCount) {
  ASSERT_EQ(import_deals().code, 0);
  flip_each("imports", [&](const std::string& dir) {
    auto verified = run({"verify", "--data", dir, "--format", "json", "--quiet"});
    if (verified.code != 0) return verified;
    auto again = run({"import", deals_mapping(), RAPPORT_SOURCE_DIR "/tests/tour/deals.csv", "--dry-run", "--data", dir, "--format", "json", "--quiet"});
    auto counts = again.json();
    for (auto* changing : {"import", "seconds"}) counts.erase(changing);
    again.out = counts.dump();
    return again;
  });
}

}  // namespace
}  // namespace rapport::program
