#include "tests/layers/source_tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

namespace rapport::layers {
namespace {

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in{std::string(text)};
  while (std::getline(in, part, at)) parts.push_back(part);
  return parts;
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Headers of C++ have no dot. Those of C that C++ takes over are here; POSIX has to be declared.
bool is_standard(std::string_view header) {
  constexpr std::string_view kOfC[] = {"assert.h", "errno.h",  "math.h",   "signal.h", "stdint.h",
                                       "stdio.h",  "stdlib.h", "string.h", "time.h"};
  if (std::ranges::find(kOfC, header) != std::end(kOfC)) return true;
  return header.find_first_of("./") == header.npos;
}

bool is_generated(std::string_view path) { return path.ends_with(".capnp.h") || path.ends_with(".values.h"); }

// The end of the literal or comment that begins at `at`, or `at` if none does.
std::size_t skipped(std::string_view text, std::size_t at) {
  auto past = [&](std::string_view end, std::size_t from) {
    auto found = text.find(end, from);
    return found == text.npos ? text.size() : found + end.size();
  };
  if (text.substr(at, 2) == "//") return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) == "/*") return past("*/", at + 2);
  if (text.substr(at, 2) == "R\"") {
    auto open = text.find('(', at);
    std::string end(")");
    return past(end.append(text.substr(at + 2, open - at - 2)).append("\""), open);
  }
  char quote = text[at];
  bool digits = at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1]));  // 1'000
  if (quote != '"' && (quote != '\'' || digits)) return at;
  for (++at; at < text.size() && text[at] != quote; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

}  // namespace

std::vector<Layer> parse_layers(std::string_view text) {
  std::vector<Layer> layers;
  for (auto& line : split(text, '\n')) {
    auto parts = split(line, '|');
    parts.resize(4);
    layers.push_back({parts[0], split(parts[1], ','), split(parts[2], ','), split(parts[3], ',')});
  }
  return layers;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Source> sources(const std::filesystem::path& top, const std::vector<std::string>& folders,
                            const std::vector<std::string>& endings) {
  std::vector<Source> all;
  for (auto& folder : folders)
    for (auto& entry : std::filesystem::recursive_directory_iterator(top / folder)) {
      auto ending = entry.path().extension().string();
      if (!entry.is_regular_file() || std::ranges::find(endings, ending) == endings.end()) continue;
      all.push_back({entry.path().lexically_relative(top).generic_string(), read_file(entry.path())});
    }
  std::ranges::sort(all, {}, &Source::path);
  return all;
}

std::vector<Include> includes(std::string_view text) {
  std::vector<Include> all;
  std::size_t number = 0;
  for (auto& line : split(text, '\n')) {
    ++number;
    auto open = line.find_first_of("\"<");
    if (!line.starts_with("#include") || open == line.npos) continue;
    auto close = line.find_first_of("\">", open + 1);
    all.push_back({number, line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return all;
}

std::string code_of(std::string_view text) {
  std::string code(text);
  for (std::size_t at = 0; at < text.size();) {
    auto end = skipped(text, at);
    for (auto i = at; i < end; ++i)
      if (code[i] != '\n') code[i] = ' ';
    at = std::max(end, at + 1);
  }
  return code;
}

std::vector<Body> bodies_of(std::string_view code) {
  std::vector<Body> bodies;
  auto lines = split(code, '\n');
  for (std::size_t begin = 0; begin < lines.size(); ++begin) {
    auto& line = lines[begin];
    auto indent = line.find_first_not_of(' ');
    if (indent == line.npos || indent > 2 || !line.ends_with('{') || line.find('(') == line.npos) continue;
    auto closing = std::string(indent, ' ') + "}";
    auto end = begin + 1;
    while (end < lines.size() && !lines[end].starts_with(closing)) ++end;
    bodies.push_back({begin + 1, end - begin - 1});
  }
  return bodies;
}

bool belongs(const Layer& layer, std::string_view path) {
  return is_below(path, layer.folder) && std::ranges::none_of(layer.excluded, [&](auto& excluded) {
           return is_below(path, layer.folder + "/" + excluded);
         });
}

Findings forbidden_includes(const Layer& layer, const Source& source) {
  Findings findings;
  for (auto& [line, path, quoted] : includes(source.text)) {
    auto allows = [&](auto& name) { return is_below(path, name) || (!quoted && path == name + ".h"); };
    bool allowed =
        quoted ? std::ranges::any_of(layer.folders, allows)
               : is_standard(path) || is_generated(path) || std::ranges::any_of(layer.headers, allows);
    if (!allowed)
      findings.push_back(source.path + ":" + std::to_string(line) + ": " + layer.folder +
                         " may not include " + path);
  }
  return findings;
}

}  // namespace rapport::layers
