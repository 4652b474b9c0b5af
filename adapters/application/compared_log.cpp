#include "adapters/application/compared_log.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "eventstore/proof/signed_note.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/store_identity.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;

Error unexpected(const char* what) {
  return {ErrorCode::kCorrupt, "compare.no_answer", std::string("the other log does not answer with ") + what};
}

// Proofs as `rapport proof consistency` gives them.
class LogOfService final : public ComparedLog {
 public:
  LogOfService(Service& service, std::uint64_t size) : service_(service), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<Hash> root_at(std::uint64_t size) const override {
    auto document = ask(size);
    if (!document) return document.error();
    auto root = hash_of_hex(document->value("fromRoot", ""));
    return root ? Result<Hash>(*root) : unexpected("a root");
  }
  Result<Proof> consistency(std::uint64_t old_size) const override {
    auto document = ask(old_size);
    if (!document) return document.error();
    Proof proof;
    for (const auto& text : document->value("proof", nlohmann::json::array())) {
      auto hash = text.is_string() ? hash_of_hex(text.get<std::string>()) : std::nullopt;
      if (!hash) return unexpected("a proof");
      proof.push_back(*hash);
    }
    return proof;
  }

 private:
  Result<nlohmann::json> ask(std::uint64_t old_size) const {
    auto answer = service_.prove({.about = ProofRequest::About::kConsistency, .position = old_size, .size = size_});
    if (!answer) return answer.error();
    auto document = nlohmann::json::parse(*answer, nullptr, false);
    return document.is_object() ? Result<nlohmann::json>(std::move(document)) : unexpected("JSON");
  }

  Service& service_;
  const std::uint64_t size_;
};

// Tiles in files. Every hash that comes from them is held to the checkpoint's root before it counts.
class TilesInFolder final : public Tiles {
 public:
  TilesInFolder(fs::path folder, std::uint64_t size) : folder_(std::move(folder)), size_(size) {}
  Result<std::vector<Hash>> tile(TileId tile, unsigned width) const override {
    auto bytes = read_file(folder_ / to_text(TilePath{tile, tile_width(tile, size_)}));
    if (!bytes)
      return Error{ErrorCode::kInvalid, "compare.no_tiles", bytes.error().message, "", "",
                   "`rapport export tiles` of the live log gives the tiles; or compare with its store or its server"};
    if (bytes->size() < width * sizeof(Hash)) return unexpected("whole tiles");
    std::vector<Hash> hashes(width);
    for (unsigned i = 0; i < width; ++i) std::copy_n(bytes->begin() + i * sizeof(Hash), sizeof(Hash), hashes[i].begin());
    return hashes;
  }

 private:
  const fs::path folder_;
  const std::uint64_t size_;
};

class LogOfCheckpoint final : public ComparedLog {
 public:
  LogOfCheckpoint(const fs::path& folder, Checkpoint checkpoint) : checkpoint_(std::move(checkpoint)), tiles_(folder, checkpoint_.size) {}
  std::uint64_t size() const override { return checkpoint_.size; }
  Result<Hash> root_at(std::uint64_t size) const override {
    if (size == checkpoint_.size) return checkpoint_.root;
    auto root = tree_head(tiles_, size);
    if (!root) return root;
    auto proof = consistency(size);
    if (!proof) return proof.error();
    return extends(size, *root, checkpoint_.size, checkpoint_.root, *proof) ? root : unexpected("tiles of its checkpoint");
  }
  Result<Proof> consistency(std::uint64_t old_size) const override { return consistency_proof(tiles_, old_size, checkpoint_.size); }

 private:
  const Checkpoint checkpoint_;
  const TilesInFolder tiles_;
};

// By halves: once two logs differ they do for ever.
Result<Position> first_difference(const EventStore& log, const ComparedLog& other, std::uint64_t size) {
  std::uint64_t same = 0, different = size;
  while (different - same > 1) {
    auto middle = same + (different - same) / 2;
    auto ours = log.root_at({middle});
    auto theirs = other.root_at(middle);
    if (!ours) return ours.error();
    if (!theirs) return theirs.error();
    (*ours == *theirs ? same : different) = middle;
  }
  return Position{different};
}

}  // namespace

Result<std::unique_ptr<ComparedLog>> compared_service(Service& service) {
  auto status = service.status();
  if (!status) return status.error();
  auto document = nlohmann::json::parse(*status, nullptr, false);
  if (!document.is_object() || !document.contains("position")) return unexpected("its position");
  return std::unique_ptr<ComparedLog>(std::make_unique<LogOfService>(service, document["position"].get<std::uint64_t>()));
}

Result<std::unique_ptr<ComparedLog>> compared_checkpoint(const fs::path& path) {
  std::error_code ignored;
  auto file = fs::is_directory(path, ignored) ? path / "checkpoint" : path;
  auto text = read_file(file);
  if (!text)
    return Error{ErrorCode::kInvalid, "file.missing", "cannot read " + file.string(), "compare",
                 "a store, a server's URL, a checkpoint, or a folder of tiles"};
  auto note = SignedNote::parse(*text);
  if (!note) return note.error();
  auto checkpoint = Checkpoint::parse(note->text);
  if (!checkpoint) return checkpoint.error();
  return std::unique_ptr<ComparedLog>(std::make_unique<LogOfCheckpoint>(file.parent_path(), std::move(*checkpoint)));
}

Result<std::uint64_t> compare_logs(const EventStore& log, const ComparedLog& other) {
  auto head = log.head();
  auto size = std::min(head.position.value, other.size());
  auto ours = log.root_at({size});
  if (!ours) return ours.error();
  auto theirs = other.root_at(size);
  if (!theirs) return theirs.error();
  if (*ours != *theirs) {
    auto parted = first_difference(log, other, size);
    if (!parted && parted.error().reason != "compare.no_tiles") return parted.error();
    auto where = parted ? "from position " + std::to_string(parted->value) + " on" : "at or before position " + std::to_string(size);
    return Error{ErrorCode::kRejected, "compare.differs", "the two logs differ " + where, "", "",
                 "one of them was rewritten, or they are of two stores"};
  }
  if (other.size() > head.position.value) {
    auto proof = other.consistency(head.position.value);
    auto whole = other.root_at(other.size());
    if (!proof) return proof.error();
    if (!whole) return whole.error();
    if (!extends(head.position.value, head.root, other.size(), *whole, *proof)) return unexpected("a consistency proof that holds");
  }
  return other.size();
}

}  // namespace rapport
