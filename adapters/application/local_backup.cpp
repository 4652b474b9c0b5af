// A backup of the store while it is in use: ops/decisions/0013-backup.md says why in this order.
#include <chrono>

#include <nlohmann/json.hpp>

#include "adapters/application/reader_places.h"
#include "adapters/application/scratch_store.h"
#include "adapters/application/wiring.h"
#include "eventstore/proof/signed_note.h"
#include "eventstore/rocks/backup.h"
#include "eventstore/rocks/checkpoint_keys.h"
#include "eventstore/rocks/keys_copy.h"
#include "eventstore/rocks/verify_backup.h"

namespace rapport {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

VerifyProgress events_progress(std::string_view what, const Progress& progress, const std::stop_token& stop) {
  return [what = std::string(what), &progress, stop](std::uint64_t done, std::uint64_t total) {
    if (progress) progress({what, "events", done, total});
    return !stop.stop_requested();
  };
}

// Where the next copy of the directory would take it along, and a restore of the directory would lose it.
Result<void> check_outside(const fs::path& store, const std::string& folder, const char* field) {
  auto inside = place_of(folder).lexically_relative(place_of(store)).string();
  if (inside.starts_with("..")) return {};
  return Error{ErrorCode::kInvalid, "backup.inside", folder + " is in the store's own directory", field, "a folder elsewhere, best on another disk"};
}

struct SignedHead {
  std::string note;  // empty: there is no key
  std::vector<std::string> keys;
};
Result<SignedHead> sign(const fs::path& store, const std::string& origin, const Head& head) {
  auto signers = checkpoint_signers(store, origin);
  if (!signers) return signers.error();
  SignedHead made;
  if (signers->empty()) return made;
  made.note = signed_note(Checkpoint{origin, head.position.value, head.root}.to_text(), *signers);
  for (const auto& signer : *signers) made.keys.push_back(signer.verifier().to_text());
  return made;
}

}  // namespace

Result<std::string> LocalStore::backup(const BackupRequest& request, const Progress& progress) {
  auto& impl = *impl_;
  auto began = std::chrono::steady_clock::now();
  if (auto outside = check_outside(impl.path, request.folder, "folder"); !outside) return outside.error();
  if (auto outside = request.keys.empty() ? Result<void>() : check_outside(impl.path, request.keys, "keys"); !outside) return outside.error();
  auto backup = Backup::open(place_of(request.folder), *impl.store);
  if (!backup) return backup.error();
  if (fs::exists(impl.path / "imports")) {
    auto memory = impl.import_memory(false);
    if (!memory) return memory.error();
    auto copied = (*backup)->copy_imports([&](const auto& take) { return (*memory)->each("", take); });
    if (!copied) return copied.error();
  }
  auto places = reader_places(impl.path);
  if (!places) return places.error();
  std::string lines;
  for (const auto& place : *places) lines += reader_place_line(place) + '\n';
  if (auto copied = (*backup)->copy_places(lines); !copied) return copied.error();
  auto head = (*backup)->copy_log(events_progress("backup", progress, impl.options.stop));
  if (!head) return head.error();
  auto checkpoint = sign(impl.path, impl.directory->origin(), *head);
  if (!checkpoint) return checkpoint.error();
  if (auto done = (*backup)->finish(impl.clock.now(), checkpoint->note, checkpoint->keys); !done) return done.error();
  if (!request.keys.empty())
    if (auto copied = copy_keys(*impl.keys, *impl.directory, head->position, place_of(request.keys)); !copied) return copied.error();
  auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return Json{{"folder", request.folder},
              {"origin", impl.directory->origin()},
              {"position", head->position.value},
              {"root", to_hex(head->root)},
              {"events", (*backup)->new_events()},
              {"bytes", (*backup)->new_bytes()},
              {"checkpoint", !checkpoint->note.empty()},
              {"keys", request.keys.empty() ? Json(nullptr) : Json(request.keys)},
              {"seconds", seconds}}
      .dump();
}

bool is_backup(const fs::path& dir) {
  std::error_code ignored;
  return fs::exists(manifest_path(dir), ignored);
}

Result<std::string> verify_backup(const fs::path& dir, const std::vector<std::string>& keys, const Progress& progress, std::stop_token stop) {
  auto report = verify_backup_files(dir, keys, events_progress("verify backup", progress, stop));
  if (!report) return report.error();
  if (!report->ok) return Json{{"ok", false}, {"position", report->position.value}, {"what", report->what}}.dump();
  return Json{{"ok", true}, {"events", report->events}, {"root", to_hex(report->root)}}.dump();
}

}  // namespace rapport
