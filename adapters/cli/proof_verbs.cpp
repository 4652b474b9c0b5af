// keygen, checkpoint, proof, export: what an outsider needs to check the log.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "adapters/cli/verb.h"
#include "eventstore/proof/tile.h"

namespace rapport::cli {
namespace {

using About = ProofRequest::About;

class KeygenVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("keygen", "make the key that signs checkpoints; prints the verifier's key");
    auto* another = verb->add_flag("--another", another_, "one key more: all of them sign, so that verifiers can change over");
    verb->add_option("--retire", retire_, "no longer sign with the key of this hash, eight hex digits")->excludes(another);
    add_data(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport keygen --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto store = session.local(Opening::kWrite);
    if (!store) return std::move(store).error();
    auto answer = retire_.empty() ? (*store)->make_signing_key(another_) : (*store)->retire_signing_key(retire_);
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }

 private:
  bool another_ = false;
  std::string retire_;
};

class CheckpointVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("checkpoint", "print the log's size and root, signed: a C2SP checkpoint to keep elsewhere");
    add_data(verb, session);
    add_server(verb, session);
    add_output(verb, session);
    add_example(verb, "rapport checkpoint --data rapport-data > checkpoint.txt");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto note = (*service)->prove({.about = About::kCheckpoint});
    if (!note) return std::move(note).error();
    print(*note);
    return 0;
  }
};

// proof inclusion, proof consistency.
class ProofVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* verb = program.add_subcommand("proof", "prove that an event is in the log, or that the log extends an older one");
    verb->require_subcommand(1);
    inclusion_ = verb->add_subcommand("inclusion", "that the event at a position is in the tree (RFC 6962)");
    inclusion_->add_option("position", position_, "the event")->required();
    auto* consistency = verb->add_subcommand("consistency", "that the tree begins with that of an older size (RFC 6962)");
    consistency->add_option("from", position_, "the older size")->required();
    for (auto* about : {inclusion_, consistency}) {
      about->add_option("size", size_, "of the tree (else the log as it is)");
      add_data(about, session);
      add_server(about, session);
      add_output(about, session);
    }
    add_example(inclusion_, "rapport proof inclusion 1 --data rapport-data");
    add_example(consistency, "rapport proof consistency 1 --data rapport-data");
    add_example(verb, "rapport proof inclusion 1 --data rapport-data");
    return verb;
  }

  Result<int> run(Session& session) override {
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto answer = (*service)->prove(
        {.about = inclusion_->parsed() ? About::kInclusion : About::kConsistency, .position = position_, .size = size_});
    if (!answer) return std::move(answer).error();
    print(show_document(*answer, session.format()));
    return 0;
  }

 private:
  CLI::App* inclusion_ = nullptr;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_;
};

// export tiles.
class ExportTilesVerb final : public Verb {
 public:
  CLI::App* declare(CLI::App& program, Session& session) override {
    auto* tiles = export_family(program)->add_subcommand("tiles", "as C2SP tlog-tiles: files for any web server, which verifiers and witnesses read");
    tiles->add_option("folder", folder_, "gets checkpoint and tile/; what is there already is not written again")->required();
    add_data(tiles, session);
    add_server(tiles, session);
    add_output(tiles, session);
    add_example(tiles, "rapport export tiles tlog --data rapport-data");
    return tiles;
  }

  Result<int> run(Session& session) override {
    auto service = session.service(Opening::kRead);
    if (!service) return std::move(service).error();
    auto note = (*service)->prove({.about = About::kCheckpoint});
    if (!note) return std::move(note).error();
    auto size = size_of(*note);
    std::uint64_t written = 0;
    for (auto tile : tiles_of(size)) {
      for (auto entries : {false, true}) {
        if (entries && tile.tile.level > 0) continue;
        tile.entries = entries;
        auto done = write_tile(**service, tile);
        if (!done) return done.error();
        written += *done;
      }
    }
    // Last, so that a checkpoint never speaks of tiles that are not there yet.
    if (auto done = write("checkpoint", *note); !done) return done.error();
    remove_outgrown(size);
    print(show_document(nlohmann::json{{"folder", folder_}, {"size", size}, {"tiles", written}}.dump(), session.format()));
    return 0;
  }

 private:
  static std::uint64_t size_of(const std::string& note) {
    auto line = note.substr(note.find('\n') + 1);
    return std::stoull(line.substr(0, line.find('\n')));
  }
  // Partial tiles that this size has more of. Whoever cannot remove them has some files too many.
  void remove_outgrown(std::uint64_t size) const {
    const std::filesystem::path root = folder_;
    std::vector<std::filesystem::path> outgrown;
    std::error_code ignored;
    for (std::filesystem::recursive_directory_iterator it(root / "tile", ignored), end; !ignored && it != end; it.increment(ignored)) {
      auto path = parse_tile_path(it->path().lexically_relative(root).generic_string());
      if (path && path->width < kTileHashes && path->width != tile_width(path->tile, size)) outgrown.push_back(it->path());
    }
    for (const auto& tile : outgrown) {
      std::filesystem::remove(tile, ignored);
      std::filesystem::remove(tile.parent_path(), ignored);  // if it was the last one there
    }
  }
  // Whether it was not there yet.
  Result<bool> write_tile(Service& service, const TilePath& tile) {
    auto path = to_text(tile);
    if (std::filesystem::exists(std::filesystem::path(folder_) / path)) return false;
    auto bytes = service.prove({.about = About::kTile, .text = path});
    if (!bytes) return bytes.error();
    if (auto done = write(path, *bytes); !done) return done.error();
    return true;
  }
  Result<void> write(const std::string& name, const std::string& bytes) {
    auto path = std::filesystem::path(folder_) / name, part = path;
    part += ".part";
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::ofstream file(part, std::ios::binary);
    file << bytes;
    file.close();
    if (file) std::filesystem::rename(part, path, failed);
    if (file && !failed) return {};
    return Error{ErrorCode::kUnavailable, "tiles.unwritable", fmt::format("cannot write {}", path.string()), "folder",
                 "a folder that can be written, with room"};
  }

  std::string folder_;
};

}  // namespace

void add_proof_verbs(std::vector<std::unique_ptr<Verb>>& verbs) {
  verbs.push_back(std::make_unique<KeygenVerb>());
  verbs.push_back(std::make_unique<CheckpointVerb>());
  verbs.push_back(std::make_unique<ProofVerb>());
  verbs.push_back(std::make_unique<ExportTilesVerb>());
}

}  // namespace rapport::cli
