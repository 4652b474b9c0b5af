#include "eventstore/rocks/verify_backup.h"

#include <algorithm>

#include "eventstore/proof/signed_note.h"
#include "eventstore/rocks/backup_log.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/frame_chain.h"

namespace rapport {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;  // events

Error stopped() { return {ErrorCode::kUnavailable, "verify.stopped", "verification was stopped before its end"}; }

Result<std::vector<NoteVerifier>> parse_keys(const std::vector<std::string>& texts) {
  std::vector<NoteVerifier> keys;
  for (const auto& text : texts) {
    auto key = NoteVerifier::parse(text);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  return keys;
}

class BackupVerification final {
 public:
  BackupVerification(const std::filesystem::path& folder, const BackupManifest& manifest, const VerifyProgress& progress)
      : folder_(folder), manifest_(manifest), progress_(progress) {}

  Result<void> check_files() const {
    for (const auto* file : manifest_.files())
      if (auto same = compare(folder_, *file); !same) return same;
    return {};
  }

  Result<void> walk_log() {
    BackupLog log(folder_, manifest_);
    std::uint64_t told = 0;
    auto walked = log.each([&](Bytes bytes) -> Result<bool> {
      auto frame = chain_.add(bytes);
      if (!frame) return frame.error();
      auto points = check_points();
      if (!points) return points.error();
      auto done = chain_.tree().size();
      if (!progress_ || done - told < kProgressEvery) return true;
      told = done;
      if (!progress_(done, manifest_.head().position.value)) return stopped();
      return true;
    });
    if (!walked) return walked;
    if (chain_.tree().size() != manifest_.head().position.value) return backup_damaged("its log is not as long as its last point says");
    if (progress_) progress_(chain_.tree().size(), chain_.tree().size());
    return {};
  }

  Result<void> check_checkpoint(const BackupManifest::Note& kept, const std::vector<NoteVerifier>& keys, bool all) const {
    auto where = "the checkpoint of position " + std::to_string(kept.position.value);
    auto text = read_file(folder_ / kept.file.path);
    if (!text) return text.error();
    auto note = SignedNote::parse(*text);
    auto checkpoint = note ? Checkpoint::parse(note->text) : Result<Checkpoint>(note.error());
    if (!checkpoint) return backup_damaged(where + ": " + checkpoint.error().message);
    auto signs = [&](const NoteVerifier& key) { return note->signed_by(key); };
    auto signed_well = all ? std::all_of(keys.begin(), keys.end(), signs) : std::any_of(keys.begin(), keys.end(), signs);
    if (!signed_well) return backup_damaged(where + " is not signed with the key");
    auto shared = manifest_.store.shared_with(checkpoint->origin);
    if (!shared || kept.position > *shared) return backup_damaged(where + " is of another log, " + checkpoint->origin);
    auto point = std::find_if(manifest_.points.begin(), manifest_.points.end(),
                              [&](const auto& each) { return each.head.position == kept.position; });
    if (point == manifest_.points.end() || checkpoint->size != kept.position.value || checkpoint->root != point->head.root)
      return backup_damaged(where + " has another root than the log");
    return {};
  }

  const FrameChain& chain() const { return chain_; }

 private:
  // Each point's root, where the walk comes by.
  Result<void> check_points() {
    for (; point_ < manifest_.points.size(); ++point_) {
      const auto& said = manifest_.points[point_].head;
      if (said.position.value > chain_.tree().size()) return {};
      if (auto root = chain_.root_at(said.position); said.position.value > 0 && root != said.root)
        return damaged(said.position, "the root of all leaves is not that of the backup's point");
    }
    return {};
  }

  const std::filesystem::path& folder_;
  const BackupManifest& manifest_;
  const VerifyProgress& progress_;
  FrameChain chain_;
  std::size_t point_ = 0;
};

// own: the keys that the backup names, one of which signed each checkpoint. named: who must have signed the last one, which covers all.
Result<void> verify_parts(BackupVerification& verification, const BackupManifest& manifest, const std::vector<NoteVerifier>& own,
                          const std::vector<NoteVerifier>& named) {
  if (auto files = verification.check_files(); !files) return files;
  if (auto walked = verification.walk_log(); !walked) return walked;
  for (const auto& note : manifest.checkpoints)
    if (auto held = verification.check_checkpoint(note, own, false); !held) return held;
  if (named.empty()) return {};
  if (manifest.checkpoints.empty() || manifest.checkpoints.back().position != manifest.head().position)
    return backup_damaged("its last point has no signed checkpoint");
  return verification.check_checkpoint(manifest.checkpoints.back(), named, true);
}

}  // namespace

Result<VerifyReport> verify_backup_files(const std::filesystem::path& folder, const std::vector<std::string>& named,
                                         const VerifyProgress& progress) {
  auto asked = parse_keys(named);
  if (!asked) return asked.error();
  auto manifest = read_manifest(folder);
  VerifyReport report;
  auto bad = [&](const Error& error, Position good) {
    report.ok = false;
    report.position = good;
    report.what = error.message;
    return report;
  };
  if (!manifest && manifest.error().reason == "backup.damaged") return bad(manifest.error(), {});
  if (!manifest) return manifest.error();
  auto own = parse_keys(manifest->verifier_keys);
  if (!own) return bad(backup_damaged("a verifier's key in it"), {});
  BackupVerification verification(folder, *manifest, progress);
  auto held = verify_parts(verification, *manifest, *own, *asked);
  report.events = verification.chain().tree().size();
  report.root = verification.chain().tree().root();
  if (held) return report;
  if (held.error().code != ErrorCode::kCorrupt) return held.error();
  auto whole = report.events == manifest->head().position.value || report.events == 0;
  return bad(held.error(), {whole ? 0 : report.events + 1});
}

}  // namespace rapport
