// Rules of the house that a compiler does not check: where files live, how long they are, what they are
// called.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tests/layers/source_tree.h"

namespace rapport::layers {
namespace {

constexpr std::size_t kFileLinesMax = 500, kFunctionLinesMax = 60;
const std::filesystem::path kTop = RAPPORT_SOURCE_DIR;

const std::vector<Source>& ours() {
  static const auto all =
      sources(kTop, {"domain", "eventstore", "projections", "adapters", "tests"}, {".h", ".cpp"});
  return all;
}

std::size_t lines(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

// Line numbers on which `code` matches.
std::vector<std::size_t> matches(const std::string& code, const std::regex& wanted) {
  std::vector<std::size_t> all;
  for (std::sregex_iterator at(code.begin(), code.end(), wanted), end; at != end; ++at)
    all.push_back(1 + lines(std::string_view(code).substr(0, static_cast<std::size_t>(at->position()))));
  return all;
}
void expect_nowhere(const std::vector<Source>& files, const char* pattern, auto&& text_of) {
  const std::regex wanted(pattern);
  for (auto& source : files)
    for (auto line : matches(text_of(source), wanted))
      ADD_FAILURE() << source.path << ":" << line << ": " << pattern;
}
std::string whole(const Source& source) { return source.text; }
std::string code(const Source& source) { return code_of(source.text); }

TEST(House, TheTopLevelIsTheAgreedOne) {
  const std::set<std::string> kAgreed = {"CMakeLists.txt",
                                         "domain",
                                         "eventstore",
                                         "projections",
                                         "adapters",
                                         "tests",
                                         "ops",
                                         "README.md",
                                         "README.zh-CN.md",
                                         "ARCHITECTURE.md",
                                         "CHANGELOG.md",
                                         "CONTRIBUTING.md",
                                         "LICENSE",
                                         "CMakePresets.json",
                                         ".clang-format",
                                         ".clang-tidy",
                                         ".editorconfig",
                                         ".gitignore",
                                         ".ci"};
  std::set<std::string> ignored = {".git", "build", "rapport-data"};
  for (auto& entry : std::filesystem::directory_iterator(kTop)) {
    auto name = entry.path().filename().string();
    bool agreed = ignored.contains(name) || kAgreed.contains(name);
    EXPECT_TRUE(agreed) << name << " is no part of the top level";
  }
  for (auto& name : kAgreed) EXPECT_TRUE(std::filesystem::exists(kTop / name)) << name << " is missing";
}

TEST(House, NoFileIsLongerThanOneCanKeepInMind) {
  for (auto& source : ours()) EXPECT_LE(lines(source.text), kFileLinesMax) << source.path;
}

TEST(House, NoFunctionIsLongerThanAScreen) {
  for (auto& source : ours()) {
    if (source.path.starts_with("tests/")) continue;  // a table of cases may be long
    for (auto& body : bodies_of(code_of(source.text)))
      EXPECT_LE(body.lines, kFunctionLinesMax) << source.path << ":" << body.line;
  }
}

TEST(House, NoFolderIsADrawerForEverything) {
  const std::set<std::string> kDrawers = {"common", "utils",  "util", "core", "helpers",
                                          "misc",   "shared", "src",  "lib"};
  for (auto& source : ours())
    for (auto& part : std::filesystem::path(source.path))
      EXPECT_FALSE(kDrawers.contains(part.string())) << source.path;
}

TEST(House, NoTypeIsNamedAfterNothing) {
  expect_nowhere(
      ours(), R"(\b(class|struct|enum|concept|using)\s+(class\s+)?\w*(Manager|Helper|Util|Utils)\b)", code);
}

TEST(House, NothingIsLeftForLater) {
  expect_nowhere(ours(),
                 "\\b(TO"
                 "DO|FIX"
                 "ME|XX"
                 "X|HA"
                 "CK)\\b",
                 whole);
}

TEST(House, LinesAreIndentedBySpacesAndEndWithoutThem) { expect_nowhere(ours(), "\t|[ \r]+\n", whole); }

TEST(House, InnerLayersAnswerInsteadOfThrowingOrPrinting) {
  std::vector<Source> inner;
  for (auto& source : ours())
    if (!source.path.starts_with("tests/") && !source.path.starts_with("adapters/") &&
        !source.path.starts_with("domain/codegen/"))
      inner.push_back(source);
  // domain/decision.h: in a consteval constructor, where throwing means: does not compile.
  std::erase_if(inner, [](auto& source) { return source.path == "domain/decision.h"; });
  expect_nowhere(inner, R"(\bthrow\b|std::c(out|err)\b|\bprintf\()", code);
}

TEST(House, NothingReadsTheClockBesidesTheClock) {
  std::vector<Source> inner;
  for (auto& source : ours())
    if (source.path.starts_with("domain/") || source.path.starts_with("projections/"))
      inner.push_back(source);
  expect_nowhere(inner, R"(\bsystem_clock\b|\bgettimeofday\b|\bclock_gettime\b)", code);
}

TEST(House, HeadersAreIncludedOnceAndSayWhatTheyAreFor) {
  for (auto& source : ours()) {
    if (!source.path.ends_with(".h")) continue;
    EXPECT_TRUE(source.text.starts_with("//")) << source.path << " has no opening comment";
    EXPECT_NE(source.text.find("#pragma once"), std::string::npos) << source.path;
  }
}

// A suite's CMakeLists.txt takes every .cpp beside it; those in folders below it names.
TEST(House, EveryTestIsBuilt) {
  for (auto& source : ours()) {
    if (!source.path.starts_with("tests/") || !source.path.ends_with(".cpp")) continue;
    auto file = kTop / source.path;
    auto above = read_file(file.parent_path().parent_path() / "CMakeLists.txt");
    bool built = std::filesystem::exists(file.parent_path() / "CMakeLists.txt") ||
                 above.find(file.filename().string()) != above.npos;
    EXPECT_TRUE(built) << source.path << " is in no suite";
  }
}

// --- the rules' own tools ---

TEST(CodeOf, BlanksCommentsAndLiterals) {
  auto code = code_of(
      "int a = 1'000;  // throw\nauto s = \"throw\";\n/* throw\n*/ throw x;\nauto c = '\"'; auto r = "
      "R\"(throw)\";\n");
  EXPECT_EQ(matches(code, std::regex(R"(\bthrow\b)")), std::vector<std::size_t>{4});
  EXPECT_EQ(lines(code), 5u);
}

TEST(BodiesOf, CountsTheLinesBetweenTheBraces) {
  auto bodies = bodies_of(
      "namespace a {\nint f() {\n  if (x) {\n    y();\n  }\n}\nstruct S {\n  int g(int) const {\n    return "
      "1;\n  }\n};\n}\n");
  ASSERT_EQ(bodies.size(), 3u);  // an `if` at the margin of a function counts, and is shorter
  EXPECT_EQ(bodies[0].line, 2u);
  EXPECT_EQ(bodies[0].lines, 3u);
  EXPECT_EQ(bodies[2].line, 8u);
  EXPECT_EQ(bodies[2].lines, 1u);
}

}  // namespace
}  // namespace rapport::layers
