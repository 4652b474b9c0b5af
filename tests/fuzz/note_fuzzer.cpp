// A signed note, a checkpoint, a key: read as what it is, or refused; nobody's signature holds on another text.
#include "eventstore/proof/signed_note.h"
#include "tests/fuzz/fuzzer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rapport;
  auto input = fuzz::text_of_input(data, size);
  static const auto signer = *NoteSigner::parse("PRIVATE+KEY+rapport/fuzz+a888e50b+ARshmNe9nbUXVk1GM3opdYrb0jg6PxA8g7ZZ70pMBMNO");
  auto note = SignedNote::parse(input);
  if (note) {
    RAPPORT_ASSERT(note->text.ends_with('\n'));
    if (note->signed_by(signer.verifier())) {
      // Signing is deterministic: only what this key signs is what this key signed.
      auto line = signer.sign(note->text);
      RAPPORT_ASSERT(input.find(std::string_view(line).substr(0, line.size() - 1)) != input.npos);
    }
    if (auto checkpoint = Checkpoint::parse(note->text)) RAPPORT_ASSERT(note->text.starts_with(checkpoint->to_text()));
  }
  if (auto checkpoint = Checkpoint::parse(input)) RAPPORT_ASSERT(input.starts_with(checkpoint->to_text()));
  if (auto key = NoteVerifier::parse(input)) RAPPORT_ASSERT(key->to_text() == input);
  if (auto key = NoteSigner::parse(input)) RAPPORT_ASSERT(key->to_text() == input);
  return 0;
}
