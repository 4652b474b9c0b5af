// Keys of data subjects: every $personal text is sealed under its subject's key before it is stored, and opened only on
// reading. Destroying a key erases the texts everywhere at once, and no hash or proof changes.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/result.h"
#include "eventstore/event.h"

namespace rapport {

// Opens sealed texts. Safe for concurrent use.
class SealOpener {
 public:
  virtual ~SealOpener() = default;
  // The text; nothing if the key is not known here or was destroyed; kCorrupt if the bytes were altered.
  virtual Result<std::optional<std::string>> open(std::string_view sealed) const = 0;
  // Whether the key was destroyed by an erasure, and is not merely unknown here.
  virtual bool erased(std::uint64_t key_id) const = 0;
};

// That a key was destroyed, as the log has it (dataSubject.subjectKeyDestroyed).
struct Erasure {
  std::uint64_t key_id = 0;
  Position position;  // of the event
  Timestamp at{0};    // its recordedAt
};

// Safe for concurrent use. Implementations: eventstore/memory (tests), eventstore/rocks (durable, wrapped by a master key).
class SubjectKeys : public SealOpener {
 public:
  struct Key {
    std::uint64_t id;  // never 0; stored with each event it sealed
    std::array<std::uint8_t, 32> secret;
  };
  // The subject's key ("account-4711"), made and durably kept at first use.
  virtual Result<Key> key_for(std::string_view subject) = 0;
  // Makes the keys handed out by key_for since the last call durable. Called before the events they sealed are appended.
  virtual Result<void> sync() = 0;
  // A key by its id, with the subject it belongs to; nothing if it is not known here or was destroyed. For `dump`.
  struct NamedKey {
    std::string subject;
    Key key;
  };
  virtual Result<std::optional<NamedKey>> find(std::uint64_t id) const = 0;
  // The id of the key that the subject seals with now; 0: it has none. Makes none.
  virtual Result<std::uint64_t> current_key(std::string_view subject) const = 0;
  // Destroys keys for good: when it returns no file has a byte of them, they are in the register of erasures, and a subject that
  // comes back gets a new key. Keys that are not here are only registered. After an error they are destroyed when the keys are
  // opened next, if the register has them.
  virtual Result<void> destroy(std::span<const Erasure> erasures) = 0;
  // The position of the last erasure in the register.
  virtual Position erased_up_to() const = 0;
  // Takes a key over from another store, durable after sync(). A subject that has a key goes on sealing with its own; one that was erased stays so. For `load`.
  virtual Result<void> restore(const NamedKey& key) = 0;
  // HMAC-SHA-256 under one of the store's own keys, named by purpose ("request", "import", "personal-id").
  virtual Hash keyed_digest(std::string_view purpose, std::string_view bytes) const = 0;
};

// format byte 1 ‖ key id be64 ‖ nonce 24 ‖ XChaCha20-Poly1305 ciphertext and tag (libsodium).
std::string seal(const SubjectKeys::Key& key, std::string_view text);
// The key id of sealed bytes; 0 if they are none.
std::uint64_t sealing_key(std::string_view sealed);
// Nothing if the bytes were altered or sealed by another key.
std::optional<std::string> unseal(const SubjectKeys::Key& key, std::string_view sealed);

}  // namespace rapport
