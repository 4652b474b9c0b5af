// A report as it is asked for on the command line: what `query` and `export view` have in common.
#pragma once
#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "adapters/application/service.h"
#include "adapters/cli/typed_option.h"

namespace rapport::cli {

// What is parsed is kept here.
class AskedReport final {
 public:
  void declare_name(CLI::App* verb);       // VIEW/REPORT
  void declare_arguments(CLI::App* verb);  // KEY=VALUE …
  void declare_options(CLI::App* verb);    // --as-of, --known-at, --time-zone, --sort
  // Errors: kInvalid "usage".
  Result<QueryRequest> request() const;

 private:
  std::string report_;
  std::vector<std::string> arguments_;
  TypedText as_of_, known_at_, time_zone_, sort_;
};

}  // namespace rapport::cli
