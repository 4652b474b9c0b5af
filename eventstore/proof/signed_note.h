// Notes signed with Ed25519 (https://c2sp.org/signed-note), checkpoints, the notes that say which tree a log has
// (https://c2sp.org/tlog-checkpoint), and the cosignatures of witnesses, who saw that it extends what they saw before
// (https://c2sp.org/tlog-cosignature, cosignature/v1). Keys are text in the forms of Go's golang.org/x/mod/sumdb/note:
//   verifier  NAME+HASH+BASE64(0x01 ‖ 32 bytes)           may be given to anybody
//   witness   NAME+HASH+BASE64(0x04 ‖ 32 bytes)           a verifier of cosignatures
//   signer    PRIVATE+KEY+NAME+HASH+BASE64(0x01 ‖ seed)   32 bytes of seed; secret
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "domain/result.h"
#include "eventstore/proof/sha256.h"

namespace rapport {

class NoteVerifier final {
 public:
  // kInvalid, "note.bad_key".
  static Result<NoteVerifier> parse(std::string_view key);
  static Result<NoteVerifier> parse_witness(std::string_view key);
  std::string to_text() const;
  const std::string& name() const { return name_; }
  std::uint32_t hash() const;  // names the key on a signature line
  bool verify(std::string_view text, Bytes signature) const;

 private:
  friend class NoteSigner;
  static constexpr std::uint8_t kEd25519 = 1, kCosignature = 4;
  static Result<NoteVerifier> parse(std::string_view key, std::uint8_t kind);
  std::uint8_t kind_ = kEd25519;
  std::string name_;
  std::array<std::uint8_t, 32> public_key_{};
};

// Holds a secret, wiped at the end.
class NoteSigner final {
 public:
  // name: not empty, without spaces and '+'.
  static NoteSigner generate(const std::string& name);
  // kInvalid, "note.bad_key"; the key is not repeated in the message.
  static Result<NoteSigner> parse(std::string_view key);
  NoteSigner(NoteSigner&& other) noexcept;
  NoteSigner& operator=(NoteSigner&&) = delete;
  ~NoteSigner();

  std::string to_text() const;  // secret
  const NoteVerifier& verifier() const { return verifier_; }
  // The line under the note's text, "— NAME BASE64\n".
  std::string sign(std::string_view text) const;

 private:
  NoteSigner() = default;
  std::array<std::uint8_t, 32> seed_{};
  NoteVerifier verifier_;
};

struct SignedNote {
  std::string text;  // ends with a line break
  struct Signature {
    std::string name;
    std::uint32_t key_hash = 0;
    std::string bytes;
  };
  std::vector<Signature> signatures;
  // kInvalid, "note.malformed".
  static Result<SignedNote> parse(std::string_view note);
  // Whether this key signed it. A signature that names the key and does not fit makes the note false, whoever else signed it.
  bool signed_by(const NoteVerifier& key) const;
  // When the witness cosigned it last, in seconds since 1970; nothing if it did not, or signed_by() is false.
  std::optional<std::uint64_t> cosigned_at(const NoteVerifier& witness) const;
};
std::string signed_note(std::string_view text, const std::vector<NoteSigner>& signers);

struct Checkpoint {
  std::string origin;  // the log's name
  std::uint64_t size = 0;
  Hash root{};
  std::string to_text() const;  // three lines
  // Further lines are extensions and left alone. kInvalid, "note.malformed".
  static Result<Checkpoint> parse(std::string_view text);
};

}  // namespace rapport
