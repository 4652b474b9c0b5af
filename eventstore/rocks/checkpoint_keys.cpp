#include "eventstore/rocks/checkpoint_keys.h"

#include <sodium.h>

#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr unsigned kOwnerOnly = 0600;

Result<void> write_keys(const std::filesystem::path& store, const std::vector<NoteSigner>& signers) {
  std::string lines;
  for (const auto& signer : signers) lines += signer.to_text() + '\n';
  auto written = write_file_durably(checkpoint_keys_path(store), lines, kOwnerOnly);
  sodium_memzero(lines.data(), lines.size());
  return written;
}

}  // namespace

std::filesystem::path checkpoint_keys_path(const std::filesystem::path& store) { return store / "keys" / "checkpoint.keys"; }

Result<std::vector<NoteSigner>> read_checkpoint_keys(const std::filesystem::path& store) {
  std::vector<NoteSigner> signers;
  auto text = read_file(checkpoint_keys_path(store));
  if (!text && text.error().code == ErrorCode::kNotFound) return signers;
  if (!text) return text.error();
  for (std::string_view rest = *text; !rest.empty();) {
    auto end = std::min(rest.find('\n'), rest.size());
    auto signer = NoteSigner::parse(rest.substr(0, end));
    if (!signer || end == rest.size())
      return Error{ErrorCode::kCorrupt, "keys.checkpoint_damaged", checkpoint_keys_path(store).string() + " is damaged", {}, {},
                   "restore it from where keys are kept"};
    signers.push_back(std::move(*signer));
    rest.remove_prefix(end + 1);
  }
  sodium_memzero(text->data(), text->size());
  return signers;
}

Result<std::vector<NoteSigner>> checkpoint_signers(const std::filesystem::path& store, const std::string& origin) {
  auto all = read_checkpoint_keys(store);
  if (!all) return all;
  std::vector<NoteSigner> signers;
  for (auto& signer : *all)
    if (signer.verifier().name() == origin) signers.push_back(std::move(signer));
  return signers;
}

Result<std::vector<NoteSigner>> add_checkpoint_key(const std::filesystem::path& store, const std::string& origin, bool another) {
  auto signers = read_checkpoint_keys(store);
  if (!signers) return signers;
  auto signs = !signers->empty() && signers->back().verifier().name() == origin;
  if (signs && !another)
    return Error{ErrorCode::kConflict, "keys.checkpoint_exists", "checkpoints are signed already, with " + signers->back().verifier().to_text(),
                 {}, {}, "`rapport keygen --another` adds a key; both sign until one is retired"};
  signers->push_back(NoteSigner::generate(origin));
  if (auto written = write_keys(store, *signers); !written) return written.error();
  return signers;
}

Result<void> renew_checkpoint_key(const std::filesystem::path& store, const std::string& origin) {
  auto signers = read_checkpoint_keys(store);
  if (!signers) return signers.error();
  if (signers->empty()) return {};
  auto added = add_checkpoint_key(store, origin, true);
  return added ? Result<void>() : added.error();
}

Result<std::vector<NoteSigner>> retire_checkpoint_key(const std::filesystem::path& store, const std::string& hash) {
  auto signers = read_checkpoint_keys(store);
  if (!signers) return signers;
  std::vector<NoteSigner> kept;
  for (auto& signer : *signers)
    if (signer.verifier().to_text().find('+' + hash + '+') == std::string::npos) kept.push_back(std::move(signer));
  if (kept.size() == signers->size())
    return Error{ErrorCode::kNotFound, "keys.checkpoint_unknown", "no signing key has the hash \"" + hash + "\"", "hash",
                 "the eight hex digits of a verifier's key", "`rapport inspect` shows the keys in use"};
  if (kept.empty())
    return Error{ErrorCode::kInvalid, "keys.checkpoint_last", "the only signing key cannot be retired", "hash", {},
                 "add another one first: `rapport keygen --another`"};
  if (auto written = write_keys(store, kept); !written) return written.error();
  return kept;
}

}  // namespace rapport
