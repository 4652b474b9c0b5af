#include "adapters/catalogue/markup.h"

namespace rapport::catalogue {
namespace {

// Wide tables scroll within themselves; on paper an event is not torn apart where it fits.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --mark: #b25000; }
@media (prefers-color-scheme: dark) { :root { --mark: #ffb066; } }
body { font: 1rem/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 0 1.25rem 4rem; }
h1, h2, p, li { overflow-wrap: anywhere; }
h1 { line-height: 1.2; margin: 2rem 0 .5rem; }
h2 { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.5rem; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; }
pre { background: var(--soft); border-radius: .4rem; overflow-x: auto; padding: .8rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
caption { font-weight: 600; padding-bottom: .3rem; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .8rem .35rem 0; text-align: left; vertical-align: top; }
tbody th { font-weight: 400; white-space: nowrap; }
.personal { color: var(--mark); font-weight: 600; }
nav ul { columns: 14rem; padding-left: 1.2rem; }
.home { padding-top: 1rem; }
.skip { left: -99rem; position: absolute; }
.skip:focus { position: static; }
@media print {
  body { max-width: none; padding: 0; }
  section { break-inside: avoid-page; }
  h2, h3, caption { break-after: avoid; }
  pre { white-space: pre-wrap; }
  .skip, .home { display: none; }
}
)";

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (char c : text) {
    if (c == '&') safe += "&amp;";
    else if (c == '<') safe += "&lt;";
    else if (c == '>') safe += "&gt;";
    else if (c == '"') safe += "&quot;";
    else safe += c;
  }
  return safe;
}

std::string element(std::string_view name, std::string_view markup) {
  std::string made;
  made.append("<").append(name).append(">").append(markup).append("</");
  return made.append(name.substr(0, name.find(' '))).append(">");
}

std::string code(std::string_view text) { return element("code", escaped(text)); }

std::string link(std::string_view to, std::string_view markup) { return element("a href=\"" + escaped(to) + "\"", markup); }

std::string page(std::string_view title, std::string_view body, bool home) {
  std::string made = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<link rel=\"icon\" href=\"data:,\">\n";  // or a browser asks for one
  made.append(element("title", escaped(title))).append("\n<style>").append(kStyle).append("</style>\n</head>\n<body>\n");
  made += "<a class=\"skip\" href=\"#content\">To the content</a>\n";
  if (home) made += "<header class=\"home\">" + link("index.html", "All aggregates") + "</header>\n";
  made.append("<main id=\"content\">\n").append(body).append("</main>\n</body>\n</html>\n");
  return made;
}

std::string table(std::string_view caption, const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::string head, body;
  for (auto& column : columns) head += element("th scope=\"col\"", column);
  for (auto& row : rows) {
    std::string cells;
    for (auto& cell : row) cells += element(cells.empty() ? "th scope=\"row\"" : "td", cell);
    body += element("tr", cells) + "\n";
  }
  return "<div class=\"wide\"><table>\n" + element("caption", caption) + "\n" + element("thead", element("tr", head)) + "\n<tbody>\n" +
         body + "</tbody>\n</table></div>\n";
}

}  // namespace rapport::catalogue
