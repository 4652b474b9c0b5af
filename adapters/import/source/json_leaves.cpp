#include "adapters/import/source/json_leaves.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

namespace rapport::import {

namespace {

constexpr std::size_t kDepthMax = 64;

// Follows nlohmann's parser and knows at every value where it stands.
class Walker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  using Take = std::function<void(const std::string&, const std::string&, LeafKind)>;
  explicit Walker(const Take& take) : take_(take) {}
  const std::string& fault() const { return fault_; }

  bool null() override { return value("", LeafKind::kNull); }
  bool boolean(bool yes) override { return value(yes ? "true" : "false", LeafKind::kText); }
  bool number_integer(number_integer_t number) override {
    return value(std::to_string(number), LeafKind::kText);
  }
  bool number_unsigned(number_unsigned_t number) override {
    return value(std::to_string(number), LeafKind::kText);
  }
  bool number_float(number_float_t, const string_t& written) override {
    return value(written, LeafKind::kText);
  }
  bool string(string_t& text) override { return value(text, LeafKind::kText); }
  bool binary(binary_t&) override { return refuse("binary"); }
  bool start_object(std::size_t) override { return start(false); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return start(true); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    auto& level = levels_.back();
    if (!level.seen.insert(name).second)
      return refuse("the member \"" + name + "\" stands there twice");
    pointer_.resize(level.size);
    pointer_ += '/';
    for (char c : name) pointer_ += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse("no JSON at byte " + std::to_string(position));
  }

 private:
  struct Level {
    bool array;
    std::size_t size;  // of the pointer to this collection
    std::size_t index = 0;
    std::unordered_set<std::string> seen = {};
  };

  bool refuse(std::string why) {
    fault_ = std::move(why);
    return false;
  }
  void step() {
    if (levels_.empty() || !levels_.back().array) return;
    auto& level = levels_.back();
    pointer_.resize(level.size);
    pointer_ += '/' + std::to_string(level.index++);
  }
  bool value(const std::string& text, LeafKind kind) {
    if (levels_.empty()) return refuse("a line must be a JSON object");
    step();
    take_(pointer_, text, kind);
    return true;
  }
  bool start(bool array) {
    if (levels_.empty() && array) return refuse("a line must be a JSON object");
    if (levels_.size() >= kDepthMax) return refuse("deeper than 64 levels");
    step();
    if (!levels_.empty()) take_(pointer_, "", LeafKind::kCollection);
    levels_.push_back({array, pointer_.size()});
    return true;
  }
  bool end() {
    pointer_.resize(levels_.back().size);
    levels_.pop_back();
    return true;
  }

  const Take& take_;
  std::string pointer_, fault_;
  std::vector<Level> levels_;
};

}  // namespace

std::string each_leaf(
    std::string_view json,
    const std::function<void(const std::string&, const std::string&, LeafKind)>& take) {
  Walker walker(take);
  bool whole = nlohmann::json::sax_parse(json.begin(), json.end(), &walker);
  return whole ? std::string() : walker.fault().empty() ? "no JSON" : walker.fault();
}

}  // namespace rapport::import
