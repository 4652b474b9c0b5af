// Cap'n Proto compiler plug-in: writes what the comments of all schemas say to comments.cpp, which stands for
// domain/schema_comments.h.
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>

#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>

namespace {

using Place = std::pair<std::uint64_t, int>;

// One line, as a C++ literal.
std::string literal(kj::StringPtr comment) {
  std::string text = "\"";
  for (char c : comment) {
    if (c == '"' || c == '\\') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  while (text.ends_with(' ')) text.pop_back();
  return text + '"';
}

}  // namespace

int main() {
  constexpr const char* kFile = "domain/schema/comments.cpp";
  capnp::StreamFdMessageReader message(0, {1u << 24, 64});
  auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
  std::map<Place, std::string> comments;
  for (auto source : request.getSourceInfo()) {
    if (source.hasDocComment()) comments[{source.getId(), -1}] = literal(source.getDocComment());
    int index = 0;
    for (auto member : source.getMembers()) {
      if (member.hasDocComment()) comments[{source.getId(), index}] = literal(member.getDocComment());
      ++index;
    }
  }
  std::ofstream out(kFile);
  out << "// Made from the comments of domain/schema/*.capnp. Do not edit.\n#include \"domain/schema_comments.h\"\n\n"
         "namespace rapport {\nnamespace {\n\nconstexpr SchemaComment kComments[] = {\n";
  for (auto& [place, text] : comments) out << "    {" << place.first << "u, " << place.second << ", " << text << "},\n";
  out << "};\n\n}  // namespace\n\nstd::span<const SchemaComment> schema_comments() { return kComments; }\n\n}  // namespace rapport\n";
  out.close();
  if (out && !comments.empty()) return 0;
  std::cerr << "capnpc-comments: cannot write " << kFile << ", or no schema has a comment\n";
  return 1;
}
