// A store as JSON Lines and back: everything that it needs to go on comes along; what is cut or altered leaves nothing.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "tests/program/program.h"

namespace rapport::program {
namespace {

struct Dump : Folder {
  static nlohmann::json inspect(const std::string& dir) { return run({"inspect", "--data", dir, "--format", "json"}).json(); }
  std::vector<std::string> dumped_deals() {
    EXPECT_EQ(import_deals().code, 0);
    EXPECT_EQ(win("opportunity/D-2", store()).code, 0);
    return lines_of(run({"dump", "--data", store()}).out);
  }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  std::string write_lines(const std::vector<std::string>& lines) const {
    std::string text;
    for (auto& line : lines) text += line + "\n";
    return write("dump.jsonl", text);
  }
  static Ran win(const std::string& deal, const std::string& dir) {
    return run({"command", deal, "win", "{}", "--id", "0190b1c2-7a10-7000-8000-000000000001", "--data", dir, "--format", "json"});
  }
  std::string copy() const { return path("copy"); }
  Ran load(const std::string& file) const { return run({"load", file, "--data", copy(), "--format", "json"}); }
  void expect_nothing_left(const Ran& ran, const std::string& what) const {
    EXPECT_EQ(ran.code, 1) << what << ": " << ran.err;
    EXPECT_NE(ran.error().value("code", ""), "") << what << ": " << ran.err;
    for (auto& entry : std::filesystem::directory_iterator(folder))
      EXPECT_EQ(entry.path().filename().string().find("copy"), std::string::npos) << what << " left " << entry.path();
  }
  // One character in the middle of what follows `name` is another one.
  static std::string altered(std::string line, const std::string& name) {
    auto& c = line.at(line.find(name) + name.size() + 8);
    c = c == 'A' ? 'B' : 'A';
    return line;
  }
};

TEST_F(Dump, LoadsIntoTheSameRootAndTheSameReports) {
  auto loaded = load(write_lines(dumped_deals()));
  ASSERT_EQ(loaded.code, 0) << loaded.err;
  EXPECT_EQ(loaded.err.find("no end line"), std::string::npos) << loaded.err;
  EXPECT_EQ(inspect(copy())["root"], inspect(store())["root"]);
  EXPECT_EQ(inspect(copy())["views"], inspect(store())["views"]);
  auto names = [&](const std::string& dir) { return run({"query", "customer360/accounts", "--data", dir, "--format", "csv"}).out; };
  EXPECT_EQ(names(copy()), names(store()));
  EXPECT_EQ(run({"verify", "--data", copy(), "--quiet"}).code, 0);
}

TEST_F(Dump, LoadsIntoAPlaceThatIsNamedFromHere) {
  write_lines(dumped_deals());
  auto line = "cd '" + folder.string() + "' && '" RAPPORT_PROGRAM "' load dump.jsonl --data copy --quiet > out 2>&1";
  EXPECT_EQ(std::system(line.c_str()), 0) << read_file(path("out"));
  EXPECT_EQ(inspect(copy())["root"], inspect(store())["root"]);
}

TEST_F(Dump, CarriesWhatIsNotInTheLog) {
  ASSERT_EQ(load(write_lines(dumped_deals())).code, 0);
  auto again = run({"import", deals_mapping(), RAPPORT_SOURCE_DIR "/tests/tour/deals.csv", "--data", copy(), "--format", "json", "--quiet"});
  EXPECT_EQ(again.json()["already"], 4) << again.out << again.err;
  EXPECT_EQ(again.json()["events"], 0);
  EXPECT_EQ(win("opportunity/D-2", copy()).json()["already"], true) << "a client that tries again must hear that it is done";
}

TEST_F(Dump, OfAnEmptyStoreLoads) {
  auto server = Running({"serve", "--data", store(), "--listen", "127.0.0.1:0", "--quiet"});
  ASSERT_NE(server.first_line(), "");
  server.signal(15);
  ASSERT_EQ(server.wait(), 0);
  auto dumped = run({"dump", "--data", store()});
  ASSERT_EQ(load(write("dump.jsonl", dumped.out)).code, 0);
  EXPECT_EQ(inspect(copy())["position"], 0);
  EXPECT_EQ(load(write_lines(dumped_deals())).code, 0) << "a store without events may be loaded into";
  EXPECT_EQ(inspect(copy())["root"], inspect(store())["root"]);
  EXPECT_EQ(load(path("dump.jsonl")).error().value("code", ""), "load.not_empty");
}

TEST_F(Dump, WithoutItsEndLoadsWithAWarning) {
  auto lines = dumped_deals();
  ASSERT_TRUE(lines.back().starts_with("{\"end\":"));
  lines.pop_back();
  auto loaded = load(write_lines(lines));
  EXPECT_EQ(loaded.code, 0) << loaded.err;
  EXPECT_NE(loaded.err.find("no end line"), std::string::npos) << loaded.err;
  EXPECT_EQ(inspect(copy())["root"], inspect(store())["root"]);
}

TEST_F(Dump, ThatWasCutOrAlteredLeavesNothing) {
  auto lines = dumped_deals();
  auto index_of = [&](const std::string& part) {
    auto found = std::ranges::find_if(lines, [&](auto& line) { return line.find(part) != line.npos; });
    EXPECT_NE(found, lines.end()) << part;
    return static_cast<std::size_t>(found - lines.begin());
  };
  for (std::string name : {"\"storeSecret\":\"", "\"payloadBytes\":\"", "\"metadataBytes\":\"", "\"request\":\"", "\"secret\":\"", "\"value\":\"", "\"chain\":\""}) {
    auto changed = lines;
    auto& line = changed[index_of(name)];
    line = altered(line, name);
    expect_nothing_left(load(write_lines(changed)), name + " altered");
  }
  for (std::string part : {"{\"dump\":", "\"position\":7,", "{\"importMemory\":"}) {
    auto without = lines;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(index_of(part)));
    expect_nothing_left(load(write_lines(without)), part + " left out");
  }
  auto cut = lines;
  cut.resize(5);
  cut.back().resize(cut.back().size() / 2);
  expect_nothing_left(load(write_lines(cut)), "cut within a line");
  auto more = lines;
  more.push_back(lines[3]);
  expect_nothing_left(load(write_lines(more)), "more after the end");
}

TEST_F(Dump, OnlyADumpIsLoaded) {
  expect_nothing_left(load(path("none.jsonl")), "no file");
  expect_nothing_left(load(folder.string()), "a folder");
  expect_nothing_left(load(write("empty.jsonl", "")), "an empty file");
  expect_nothing_left(load(write("garbage.jsonl", std::string("\xff\x00\x01garbage", 10))), "garbage");
  expect_nothing_left(load(write("long.jsonl", std::string(9u << 20, 'x'))), "one long line");
  expect_nothing_left(load(write("other.jsonl", "{\"hello\":1}\n")), "other JSON");
}

}  // namespace
}  // namespace rapport::program
