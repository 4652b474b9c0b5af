#include "eventstore/gateway/snapshot.h"

#include <algorithm>

#include "eventstore/byte_order.h"

namespace rapport {
namespace {

constexpr std::string_view kFormat = "RPSNAP01";

// Of the integers of a snapshot and of what stands between them.
class Cursor final {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  // False once the bytes were over.
  bool whole() const { return whole_; }
  std::string_view rest() const { return rest_; }
  std::string_view take(std::size_t size) {
    whole_ = whole_ && size <= rest_.size();
    if (!whole_) return {};
    auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  template <std::size_t N>
  std::uint64_t number() {
    auto bytes = take(N);
    return whole_ ? read_be<N>(bytes) : 0;
  }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

Hash seal_of(std::string_view content, const std::string& stream, const SubjectKeys& keys) {
  std::string sealed = stream;
  sealed += '\0';
  sealed += content;
  return keys.keyed_digest("snapshot", sealed);
}

}  // namespace

std::string encode(const Snapshot& snapshot, const std::string& stream, const SubjectKeys& keys) {
  const auto& working = snapshot.working;
  std::string bytes(kFormat);
  bytes += folds_version();
  append_be<8>(bytes, working.version.value);
  bytes += text_of(snapshot.leaf);
  append_be<4>(bytes, working.latest.size());
  for (auto& [kind, time] : working.latest) {
    append_be<2>(bytes, kind);
    append_be<8>(bytes, static_cast<std::uint64_t>(time.micros));
  }
  bytes += working.fold->save();
  bytes += text_of(seal_of(bytes, stream, keys));
  return bytes;
}

std::optional<Snapshot> decode(std::string_view bytes, const Aggregate& aggregate, const std::string& stream, const SubjectKeys& keys) {
  if (bytes.size() < sizeof(Hash)) return {};
  auto content = bytes.substr(0, bytes.size() - sizeof(Hash));
  if (text_of(seal_of(content, stream, keys)) != bytes.substr(content.size())) return {};
  Cursor cursor(content);
  if (cursor.take(kFormat.size()) != kFormat || cursor.take(folds_version().size()) != folds_version()) return {};
  Snapshot snapshot{{&aggregate, aggregate.open(), {cursor.number<8>()}}};
  auto leaf = cursor.take(sizeof(Hash));
  std::copy(leaf.begin(), leaf.end(), snapshot.leaf.begin());
  for (auto kinds = cursor.number<4>(); kinds > 0 && cursor.whole(); --kinds) {
    auto kind = static_cast<std::uint16_t>(cursor.number<2>());
    snapshot.working.happened(kind, {static_cast<std::int64_t>(cursor.number<8>())});
  }
  if (!cursor.whole() || !snapshot.working.fold->restore(cursor.rest())) return {};
  return snapshot;
}

}  // namespace rapport
