// What an outsider can check: checkpoints, proofs, tiles.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "adapters/application/wiring.h"
#include "adapters/json/text_forms.h"
#include "eventstore/byte_order.h"
#include "eventstore/rocks/checkpoint_keys.h"

namespace rapport {
namespace {

using Json = nlohmann::json;

Error no_key() {
  return {ErrorCode::kNotFound, "checkpoint.no_key", "this store has no key to sign checkpoints with", {}, {}, "run `rapport keygen`"};
}

Json hex_list(const Proof& proof) {
  auto list = Json::array();
  for (const auto& hash : proof) list.push_back(to_hex(hash));
  return list;
}

std::string keys_document(const std::filesystem::path& store, const std::vector<NoteSigner>& signers) {
  auto keys = Json::array();
  for (const auto& signer : signers) keys.push_back(signer.verifier().to_text());
  return Json{{"verifierKeys", keys}, {"file", checkpoint_keys_path(store).string()}}.dump();
}

// A proof that does not hold must not leave the house, whatever is wrong with the tiles.
Error broken_proof() {
  return {ErrorCode::kCorrupt, "store.damaged", "the stored tiles do not give the log's root", {}, {},
          "remove the closed store's folder index/: it is made anew from the log"};
}

// The tree that a request is about.
struct Tree {
  std::uint64_t size = 0;
  Hash root{};
};
Result<Tree> tree_of(const EventStore& store, const ProofRequest& request) {
  auto head = store.head();
  if (!request.size) return Tree{head.position.value, head.root};
  auto root = store.root_at({*request.size});
  if (!root) return root.error();
  return Tree{*request.size, *root};
}

Result<std::string> checkpoint(const std::filesystem::path& path, const std::string& origin, const Head& head) {
  auto signers = checkpoint_signers(path, origin);
  if (!signers) return signers.error();
  if (signers->empty()) return no_key();
  return signed_note(Checkpoint{origin, head.position.value, head.root}.to_text(), *signers);
}

Result<std::string> inclusion(const EventStore& store, const std::string& origin, const ProofRequest& request) {
  auto tree = tree_of(store, request);
  if (!tree) return tree.error();
  if (request.position == 0)
    return Error{ErrorCode::kInvalid, "proof.out_of_range", "there is no event at position 0", "/position", "1 or more"};
  auto proof = inclusion_proof(store, request.position - 1, tree->size);
  if (!proof) return proof.error();
  auto reader = store.read({.from = {request.position}, .to = {request.position}});
  auto event = reader->next();
  if (!event) return event.error();
  if (!*event || !includes((*event)->leaf, request.position - 1, tree->size, tree->root, *proof)) return broken_proof();
  return Json{{"origin", origin},           {"position", request.position},          {"size", tree->size},
              {"root", to_hex(tree->root)}, {"head", to_hex((*event)->head)},        {"leaf", to_hex((*event)->leaf)},
              {"proof", hex_list(*proof)}}
      .dump();
}

Result<std::string> consistency(const EventStore& store, const std::string& origin, const ProofRequest& request) {
  auto tree = tree_of(store, request);
  if (!tree) return tree.error();
  auto old_root = store.root_at({request.position});
  if (!old_root) return old_root.error();
  auto proof = consistency_proof(store, request.position, tree->size);
  if (!proof) return proof.error();
  if (!extends(request.position, *old_root, tree->size, tree->root, *proof)) return broken_proof();
  return Json{{"origin", origin},           {"from", request.position},    {"fromRoot", to_hex(*old_root)},
              {"size", tree->size},         {"root", to_hex(tree->root)}, {"proof", hex_list(*proof)}}
      .dump();
}

Result<std::string> entry_bundle(const EventStore& store, const TilePath& path) {
  auto reader = store.read({.from = {path.tile.n * kTileHashes + 1}});
  std::string bundle;
  for (unsigned i = 0; i < path.width; ++i) {
    auto event = reader->next();
    if (!event) return event.error();
    if (!*event) return Error{ErrorCode::kCorrupt, "store.damaged", "the log ends within " + to_text(path)};
    append_be<2>(bundle, (*event)->head.size());
    bundle += text_of((*event)->head);
  }
  return bundle;
}

Result<std::string> tile(const EventStore& store, const std::string& text) {
  auto path = parse_tile_path(text);
  if (!path || path->width > tile_width(path->tile, store.head().position.value))
    return Error{ErrorCode::kNotFound, "tile.unknown", "there is no " + text.substr(0, 100), {}, "tile/LEVEL/NUMBER[.p/WIDTH] within the tree"};
  if (path->entries) return entry_bundle(store, *path);
  auto hashes = store.tile(path->tile, path->width);
  if (!hashes) return hashes.error();
  std::string bytes;
  for (const auto& hash : *hashes) bytes += text_of(hash);
  return bytes;
}

// Who must have signed an old checkpoint.
Result<std::vector<NoteVerifier>> verifiers(const std::filesystem::path& path, const ProofRequest& request) {
  std::vector<NoteVerifier> keys;
  for (const auto& text : request.keys) {
    auto key = NoteVerifier::parse(text);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  if (!keys.empty()) return keys;
  auto signers = read_checkpoint_keys(path);
  if (!signers) return signers.error();
  if (signers->empty()) return no_key();
  for (const auto& signer : *signers) keys.push_back(signer.verifier());
  return keys;
}

// When each named witness cosigned the checkpoint; null: one of them did not.
Result<Json> cosigned(const SignedNote& note, const std::vector<std::string>& witnesses) {
  auto all = Json::array();
  for (const auto& text : witnesses) {
    auto witness = NoteVerifier::parse_witness(text);
    if (!witness) return witness.error();
    auto at = note.cosigned_at(*witness);
    if (!at) return Json{{"missing", witness->name()}};
    all.push_back({{"name", witness->name()}, {"at", to_text(Timestamp{static_cast<std::int64_t>(*at * 1'000'000)})}});
  }
  return all;
}

// That the log of today begins with the tree of a checkpoint kept elsewhere: {"ok":true,…} or what does not hold.
Result<std::string> old_checkpoint(const EventStore& store, const std::filesystem::path& path, const StoreIdentity& identity,
                                   const ProofRequest& request) {
  auto note = SignedNote::parse(request.text);
  if (!note) return note.error();
  auto old = Checkpoint::parse(note->text);
  if (!old) return old.error();
  auto keys = verifiers(path, request);
  if (!keys) return keys.error();
  auto witnessed = cosigned(*note, request.witnesses);
  if (!witnessed) return witnessed.error();
  auto head = store.head();
  auto refused = [&](std::uint64_t position, std::string what) {
    return Json{{"ok", false}, {"position", position}, {"what", std::move(what)}}.dump();
  };
  auto signs = [&](const NoteVerifier& key) { return note->signed_by(key); };
  // Of the log's own keys one is enough, since an old checkpoint knows nothing of later keys; of named ones all.
  auto enough = request.keys.empty() ? std::any_of(keys->begin(), keys->end(), signs) : std::all_of(keys->begin(), keys->end(), signs);
  if (!enough) return refused(0, "the checkpoint is not signed with the key");
  if (witnessed->is_object()) return refused(0, "the checkpoint is not cosigned by " + (*witnessed)["missing"].get<std::string>());
  auto shared = identity.shared_with(old->origin);
  if (!shared) return refused(0, "the checkpoint is of " + old->origin + ", this log is " + identity.origin());
  if (old->size > shared->value)
    return refused(shared->value, "this log left " + old->origin + " after this position, when it was restored; the checkpoint was signed at position " +
                                      std::to_string(old->size));
  if (old->size > head.position.value)
    return refused(head.position.value, "the log ends here; the checkpoint was signed at position " + std::to_string(old->size));
  auto root = store.root_at({old->size});
  if (!root) return root.error();
  if (*root != old->root) return refused(old->size, "the log was rewritten at or before this position since the checkpoint was signed");
  Json answer{{"ok", true}, {"from", old->size}, {"size", head.position.value}, {"root", to_hex(head.root)}};
  if (!request.witnesses.empty()) answer["cosigned"] = *witnessed;
  return answer.dump();
}

}  // namespace

Result<std::string> LocalStore::prove(const ProofRequest& request) {
  const auto& store = *impl_->store;
  auto origin = impl_->directory->origin();
  switch (request.about) {
    case ProofRequest::About::kCheckpoint: return checkpoint(impl_->path, origin, store.head());
    case ProofRequest::About::kInclusion: return inclusion(store, origin, request);
    case ProofRequest::About::kConsistency: return consistency(store, origin, request);
    case ProofRequest::About::kTile: return tile(store, request.text);
    case ProofRequest::About::kOldCheckpoint: break;
  }
  return old_checkpoint(store, impl_->path, impl_->directory->identity(), request);
}

Result<std::string> LocalStore::make_signing_key(bool another) {
  auto signers = add_checkpoint_key(impl_->path, impl_->directory->origin(), another);
  if (!signers) return signers.error();
  return keys_document(impl_->path, *signers);
}

Result<std::optional<std::string>> LocalStore::signed_checkpoint(Position size) const {
  auto signers = checkpoint_signers(impl_->path, impl_->directory->origin());
  if (!signers) return std::move(signers).error();
  if (signers->empty()) return std::optional<std::string>();
  auto root = impl_->store->root_at(size);
  if (!root) return root.error();
  return std::optional(signed_note(Checkpoint{impl_->directory->origin(), size.value, *root}.to_text(), *signers));
}

Result<std::string> LocalStore::retire_signing_key(const std::string& hash) {
  auto signers = retire_checkpoint_key(impl_->path, hash);
  if (!signers) return signers.error();
  return keys_document(impl_->path, *signers);
}

}  // namespace rapport
