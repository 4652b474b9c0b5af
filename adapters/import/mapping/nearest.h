// The nearest of some names, if it is near enough to be meant: "when" for "whne", "integer" for
// "int".
#pragma once
#include <string>
#include <string_view>

namespace rapport::import {

class Nearest {
 public:
  explicit Nearest(std::string_view wanted) : wanted_(wanted) {}
  void offer(std::string_view name);
  // "; did you mean \"when\"?", or nothing.
  std::string hint() const;

 private:
  std::string wanted_, nearest_;
  std::size_t distance_ = ~std::size_t{0};
};

}  // namespace rapport::import
