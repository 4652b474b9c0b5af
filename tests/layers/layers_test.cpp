// Layers include only what they declared; and the checker is able to say no.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/layers/source_tree.h"

namespace rapport::layers {
namespace {

const std::vector<std::string> kLayered = {"domain", "eventstore", "projections", "adapters"};

std::vector<Layer> declared() {
  return parse_layers(read_file(std::filesystem::path(RAPPORT_BINARY_DIR) / "layers.txt"));
}

TEST(Layers, IncludeOnlyWhatTheyDeclared) {
  auto layers = declared();
  ASSERT_GE(layers.size(), 5u);
  for (auto& source : sources(RAPPORT_SOURCE_DIR, kLayered, {".h", ".cpp"}))
    for (auto& layer : layers)
      if (belongs(layer, source.path))
        for (auto& finding : forbidden_includes(layer, source)) ADD_FAILURE() << finding;
}

TEST(Layers, EverySourceFileBelongsToExactlyOne) {
  auto layers = declared();
  for (auto& source : sources(RAPPORT_SOURCE_DIR, kLayered, {".h", ".cpp"})) {
    if (source.path.starts_with("domain/codegen/"))
      continue;  // a compiler plug-in: a program of its own, linked into nothing
    auto owners = std::ranges::count_if(layers, [&](auto& layer) { return belongs(layer, source.path); });
    EXPECT_EQ(owners, 1) << source.path;
  }
}

// A layer that could include upwards would have declared it: the declarations themselves point one way.
TEST(Layers, DeclareNothingAboveThemselves) {
  for (auto& layer : declared()) {
    auto rank = [](const std::string& folder) {
      return std::ranges::find(kLayered, folder.substr(0, folder.find('/'))) - kLayered.begin();
    };
    for (auto& folder : layer.folders)
      EXPECT_LE(rank(folder), rank(layer.folder)) << layer.folder << " declares " << folder;
  }
}

TEST(Layers, LibrariesStayBehindTheirAdapters) {
  const std::pair<std::string, std::string> kHomes[] = {{"rocksdb", "rocks"},
                                                        {"librdkafka", "adapters/kafka"},
                                                        {"boost/beast", "adapters/http"},
                                                        {"boost/asio", "adapters/http"}};
  for (auto& source : sources(RAPPORT_SOURCE_DIR, kLayered, {".h", ".cpp"}))
    for (auto& include : includes(source.text))
      for (auto& [library, home] : kHomes)
        EXPECT_TRUE(!include.path.starts_with(library) || source.path.find(home + "/") != source.path.npos)
            << source.path << " includes " << include.path;
}

// --- the checker itself ---

constexpr std::string_view kFixture = R"(// A fixture.
#include <rocksdb/db.h>

#include <sys/stat.h>
#include <vector>

#include "domain/result.h"
#include "eventstore/event.h"
#include "domainlike/result.h"
)";
const Layer kDomain{"domain", {"domain"}, {"capnp", "kj"}, {"codegen"}};

TEST(LayerChecker, FindsEveryForbiddenInclude) {
  EXPECT_EQ(forbidden_includes(kDomain, {"domain/order.cpp", std::string(kFixture)}),
            (Findings{"domain/order.cpp:2: domain may not include rocksdb/db.h",
                      "domain/order.cpp:4: domain may not include sys/stat.h",
                      "domain/order.cpp:8: domain may not include eventstore/event.h",
                      "domain/order.cpp:9: domain may not include domainlike/result.h"}));
}

TEST(LayerChecker, TakesAsAllowedOnlyWhatIsDeclared) {
  auto wider = kDomain;
  wider.folders.push_back("eventstore");
  wider.headers.push_back("rocksdb");
  wider.headers.push_back("sys");
  EXPECT_EQ(forbidden_includes(wider, {"domain/order.cpp", std::string(kFixture)}),
            (Findings{"domain/order.cpp:9: domain may not include domainlike/result.h"}));
}

TEST(LayerChecker, LeavesExcludedFoldersToTheirOwnLayer) {
  EXPECT_TRUE(belongs(kDomain, "domain/order.cpp"));
  EXPECT_FALSE(belongs(kDomain, "domain/codegen/names.cpp"));
  EXPECT_FALSE(belongs(kDomain, "domains/order.cpp"));
}

TEST(LayerChecker, ReadsTheRecordedDeclarations) {
  auto layers = parse_layers("eventstore|domain,eventstore|capnp,kj|rocks\nadapters/x|domain||\n");
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].folders, (std::vector<std::string>{"domain", "eventstore"}));
  EXPECT_EQ(layers[0].excluded, std::vector<std::string>{"rocks"});
  EXPECT_TRUE(layers[1].headers.empty());
}

}  // namespace
}  // namespace rapport::layers
