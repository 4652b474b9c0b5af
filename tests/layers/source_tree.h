// The project's own files, as the rules about them need them: text without comments and literals, includes,
// layers.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rapport::layers {

// What a layer may include, as its CMakeLists.txt declared it.
struct Layer {
  std::string folder;                 // "eventstore/rocks"
  std::vector<std::string> folders;   // of ours, with all below them
  std::vector<std::string> headers;   // of others: sodium allows sodium.h and sodium/…
  std::vector<std::string> excluded;  // subfolders that are layers of their own
};
// Lines of layers.txt: folder|folders|headers|excluded, lists by commas.
std::vector<Layer> parse_layers(std::string_view text);

struct Source {
  std::string path;  // from the top, "domain/order.cpp"
  std::string text;
};
std::string read_file(const std::filesystem::path& path);
// Every file of these endings below the folders of `top`, in order of their paths.
std::vector<Source> sources(const std::filesystem::path& top, const std::vector<std::string>& folders,
                            const std::vector<std::string>& endings);

struct Include {
  std::size_t line;
  std::string path;
  bool quoted;
};
std::vector<Include> includes(std::string_view text);

// The text with comments and literals blanked out; lines stay lines.
std::string code_of(std::string_view text);
// Function bodies of code that is laid out as ours: the line that opens one, and how many lines are inside.
struct Body {
  std::size_t line, lines;
};
std::vector<Body> bodies_of(std::string_view code);

// One finding a line, "path:line: what". Empty: all is well.
using Findings = std::vector<std::string>;
// What a file of the layer includes but may not.
Findings forbidden_includes(const Layer& layer, const Source& source);
// Does the file belong to the layer, and to no other below it?
bool belongs(const Layer& layer, std::string_view path);

}  // namespace rapport::layers
