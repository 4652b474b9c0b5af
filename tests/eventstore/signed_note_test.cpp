// Notes and checkpoints: what is signed holds, and nothing else does.
#include "eventstore/proof/signed_note.h"

#include <gtest/gtest.h>

namespace rapport {
namespace {

// The example of Go's sumdb/note package documentation.
constexpr const char* kSigner = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
constexpr const char* kVerifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kText = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr const char* kSignature =
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(SignedNote, IsTheOneThatGoMakes) {
  auto signer = NoteSigner::parse(kSigner);
  ASSERT_TRUE(signer) << signer.error().message;
  EXPECT_EQ(signer->to_text(), kSigner);
  EXPECT_EQ(signer->verifier().to_text(), kVerifier);
  EXPECT_EQ(signer->sign(kText), kSignature);
}

TEST(SignedNote, IsCheckedByTheVerifiersKeyAlone) {
  auto note = SignedNote::parse(std::string(kText) + "\n" + kSignature);
  ASSERT_TRUE(note) << note.error().message;
  EXPECT_EQ(note->text, kText);
  EXPECT_TRUE(note->signed_by(*NoteVerifier::parse(kVerifier)));
  EXPECT_FALSE(note->signed_by(NoteSigner::generate("PeterNeumann").verifier()));
}

TEST(SignedNote, CarriesSeveralSignaturesAndEachCounts) {
  std::vector<NoteSigner> signers;
  signers.push_back(NoteSigner::generate("old.example/log"));
  signers.push_back(NoteSigner::generate("new.example/log"));
  auto note = *SignedNote::parse(signed_note("text\n", signers));
  for (const auto& signer : signers) EXPECT_TRUE(note.signed_by(signer.verifier()));
  // A second line under a key that signed: one false signature makes it false.
  note.signatures.push_back(note.signatures[0]);
  note.signatures.back().bytes[3] ^= 1;
  EXPECT_FALSE(note.signed_by(signers[0].verifier()));
}

TEST(SignedNote, FailsWhenAnyByteOfItIsChanged) {
  auto signer = NoteSigner::generate("log.example/crm");
  auto text = Checkpoint{"log.example/crm", 1234, sha256({bytes_of("root")})}.to_text();
  std::vector<NoteSigner> signers;
  signers.push_back(std::move(signer));
  auto whole = signed_note(text, signers);
  ASSERT_TRUE(SignedNote::parse(whole)->signed_by(signers[0].verifier()));
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      auto note = SignedNote::parse(changed);
      EXPECT_FALSE(note && note->signed_by(signers[0].verifier())) << "byte " << i << " bit " << bit;
    }
}

TEST(SignedNote, RefusesWhatIsNoKey) {
  for (auto key : {"", "name", "name+01234567", "name+01234567+AAAA", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                   "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"})
    EXPECT_EQ(NoteVerifier::parse(key).error().reason, "note.bad_key") << key;
  EXPECT_EQ(NoteSigner::parse(kVerifier).error().reason, "note.bad_key");
}

// A checkpoint that transparency.dev's witness cosigned (github.com/transparency-dev/formats/note).
constexpr const char* kWitness = "witness.example/w1+c2fbbbb6+BC0clrYrUPXHqpLq+gkErXUvIUQmJD80rbGUU3Nyg13+";
constexpr const char* kCosigned =
    "rapport/3f0c\n20852163\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    "\u2014 witness.example/w1 "
    "wvu7tgAAAABrCcDQyb7BxBD+k19cKDxzjhUjB66gc7bwebFkGnC7yAtRydwACDh3I83FIbuDdQU/j2x1fBzXGLj8EPgHYQRiQrrcCQ==\n";

TEST(Cosignature, OfAWitnessIsCheckedWithItsTime) {
  auto witness = NoteVerifier::parse_witness(kWitness);
  ASSERT_TRUE(witness) << witness.error().message;
  EXPECT_EQ(witness->to_text(), kWitness);
  EXPECT_EQ(SignedNote::parse(kCosigned)->cosigned_at(*witness), 0x6b09c0d0u);
}

TEST(Cosignature, FailsWhenAnyByteOfTheTextOrOfItIsChanged) {
  const std::string whole = kCosigned;
  auto witness = *NoteVerifier::parse_witness(kWitness);
  auto theirs = whole.find("\u2014 PeterNeumann"), ours = whole.find("\u2014 witness");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i >= theirs && i < ours) continue;  // what others signed is theirs
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      auto note = SignedNote::parse(changed);
      EXPECT_FALSE(note && note->cosigned_at(witness)) << "byte " << i << " bit " << bit;
    }
  }
}

TEST(Cosignature, IsNoSignatureOfTheLogAndTheOtherWayRound) {
  EXPECT_EQ(NoteVerifier::parse(kWitness).error().reason, "note.bad_key");
  EXPECT_EQ(NoteVerifier::parse_witness(kVerifier).error().reason, "note.bad_key");
}

TEST(Checkpoint, IsThreeLines) {
  Checkpoint checkpoint{"rapport/3f0c", 20852163, {}};
  EXPECT_EQ(checkpoint.to_text(), "rapport/3f0c\n20852163\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
  auto parsed = *Checkpoint::parse(checkpoint.to_text() + "an extension\n");
  EXPECT_EQ(parsed.origin, checkpoint.origin);
  EXPECT_EQ(parsed.size, checkpoint.size);
  EXPECT_EQ(parsed.root, checkpoint.root);
  for (auto text : {"", "o\n1\n", "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "o\n-1\nAAAA\n", "\n1\nAAAA\n", "o\n1\nAAAA\n"})
    EXPECT_FALSE(Checkpoint::parse(text)) << text;
}

}  // namespace
}  // namespace rapport
