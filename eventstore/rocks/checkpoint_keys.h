// The keys that sign a log's checkpoints: keys/checkpoint.keys, one signer's key a line, oldest first. Every one of them signs, so
// that whoever trusts an old key can go over to a new one.
#pragma once
#include <filesystem>
#include <vector>

#include "domain/result.h"
#include "eventstore/proof/signed_note.h"

namespace rapport {

std::filesystem::path checkpoint_keys_path(const std::filesystem::path& store);

// All there are, those under an earlier name of the log, too. None: there is no key yet. kCorrupt, "keys.checkpoint_damaged".
Result<std::vector<NoteSigner>> read_checkpoint_keys(const std::filesystem::path& store);
// Those that sign: under the name that the log has.
Result<std::vector<NoteSigner>> checkpoint_signers(const std::filesystem::path& store, const std::string& origin);
// One key, or one key more, under the log's origin. kConflict, "keys.checkpoint_exists": there is one and no other was asked for.
Result<std::vector<NoteSigner>> add_checkpoint_key(const std::filesystem::path& store, const std::string& origin, bool another);
// Of a log that got another name: a key under it, if there was one under the old name.
Result<void> renew_checkpoint_key(const std::filesystem::path& store, const std::string& origin);
// hash: eight hex digits as in the verifier's key. kNotFound, "keys.checkpoint_unknown"; kInvalid, "keys.checkpoint_last".
Result<std::vector<NoteSigner>> retire_checkpoint_key(const std::filesystem::path& store, const std::string& hash);

}  // namespace rapport
