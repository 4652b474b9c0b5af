#include "eventstore/proof/signed_note.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "eventstore/byte_order.h"

namespace rapport {
namespace {

constexpr std::string_view kPrivate = "PRIVATE+KEY+", kDash = "\u2014 ";
constexpr std::size_t kHashHexChars = 8, kHashBytes = 4, kTimeBytes = 8;
static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_PUBLICKEYBYTES == 32);

const unsigned char* data(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string to_base64(Bytes bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminator
  return text;
}

// The one true form only: libsodium takes some letters with their top bit set for what they are without it.
std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  auto ok = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr, &size,
                              &end, sodium_base64_VARIANT_ORIGINAL);
  if (ok != 0 || end != text.data() + text.size()) return {};
  bytes.resize(size);
  if (to_base64(bytes_of(bytes)) != text) return {};
  return bytes;
}

bool valid_name(std::string_view name) {
  auto bad = [](char c) { return c == '+' || static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  return !name.empty() && std::none_of(name.begin(), name.end(), bad);
}

std::string hex_of(std::uint32_t hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (int shift = 28; shift >= 0; shift -= 4) hex += kDigits[hash >> shift & 15];
  return hex;
}

std::string key_text(std::string_view name, std::uint32_t hash, std::uint8_t kind, const std::array<std::uint8_t, 32>& key) {
  std::array<std::uint8_t, 33> encoded{kind};
  std::copy(key.begin(), key.end(), encoded.begin() + 1);
  auto text = std::string(name) + '+' + hex_of(hash) + '+' + to_base64(encoded);
  sodium_memzero(encoded.data(), encoded.size());
  return text;
}

Error bad_key(const char* what) {
  return {ErrorCode::kInvalid, "note.bad_key", std::string("no ") + what, {}, "NAME+HASH+BASE64 of an Ed25519 key",
          "`rapport keygen` prints the verifier's key"};
}

// NAME+HASH+KEY; the hash is compared by the caller, who can compute it.
struct KeyParts {
  std::string name;
  std::string hash;
  std::array<std::uint8_t, 32> key{};
};
std::optional<KeyParts> parse_key(std::string_view text, std::uint8_t kind) {
  auto first = text.find('+'), second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) return {};
  KeyParts parts{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1))};
  auto key = from_base64(text.substr(second + 1));
  if (!valid_name(parts.name) || parts.hash.size() != kHashHexChars || !key || key->size() != 33 || static_cast<std::uint8_t>((*key)[0]) != kind) return {};
  std::copy(key->begin() + 1, key->end(), parts.key.begin());
  sodium_memzero(key->data(), key->size());
  return parts;
}

Error malformed(const char* what) {
  return {ErrorCode::kInvalid, "note.malformed", std::string("no signed note: ") + what, {}, "a note as `rapport checkpoint` prints"};
}

}  // namespace

std::uint32_t NoteVerifier::hash() const {
  const std::uint8_t newline_and_kind[] = {'\n', kind_};
  auto digest = sha256({bytes_of(name_), newline_and_kind, public_key_});
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 | std::uint32_t{digest[2]} << 8 | digest[3];
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view key) { return parse(key, kEd25519); }

Result<NoteVerifier> NoteVerifier::parse_witness(std::string_view key) {
  auto parsed = parse(key, kCosignature);
  if (parsed) return parsed;
  auto error = parsed.error();
  error.expected = "NAME+HASH+BASE64 of a key for cosignature/v1";
  error.hint = "the witness publishes it; a log's own key is for --key";
  return error;
}

Result<NoteVerifier> NoteVerifier::parse(std::string_view key, std::uint8_t kind) {
  auto parts = parse_key(key, kind);
  if (!parts) return bad_key("verifier's key");
  NoteVerifier verifier;
  verifier.kind_ = kind;
  verifier.name_ = std::move(parts->name);
  verifier.public_key_ = parts->key;
  if (hex_of(verifier.hash()) != parts->hash) return bad_key("verifier's key: its hash is another");
  return verifier;
}

std::string NoteVerifier::to_text() const { return key_text(name_, hash(), kind_, public_key_); }

bool NoteVerifier::verify(std::string_view text, Bytes signature) const {
  std::string cosigned;
  if (kind_ == kCosignature) {
    if (signature.size() != kTimeBytes + crypto_sign_BYTES) return false;
    cosigned = "cosignature/v1\ntime " + std::to_string(read_be<8>(text_of(signature.first(kTimeBytes)))) + '\n' + std::string(text);
    text = cosigned;
    signature = signature.subspan(kTimeBytes);
  }
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), data(text), text.size(), public_key_.data()) == 0;
}

NoteSigner NoteSigner::generate(const std::string& name) {
  NoteSigner signer;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  randombytes_buf(signer.seed_.data(), signer.seed_.size());
  crypto_sign_seed_keypair(signer.verifier_.public_key_.data(), secret.data(), signer.seed_.data());
  sodium_memzero(secret.data(), secret.size());
  signer.verifier_.name_ = name;
  return signer;
}

Result<NoteSigner> NoteSigner::parse(std::string_view key) {
  if (!key.starts_with(kPrivate)) return bad_key("signer's key");
  auto parts = parse_key(key.substr(kPrivate.size()), NoteVerifier::kEd25519);
  if (!parts) return bad_key("signer's key");
  NoteSigner signer;
  signer.seed_ = parts->key;
  sodium_memzero(parts->key.data(), parts->key.size());
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(signer.verifier_.public_key_.data(), secret.data(), signer.seed_.data());
  sodium_memzero(secret.data(), secret.size());
  signer.verifier_.name_ = std::move(parts->name);
  if (hex_of(signer.verifier_.hash()) != parts->hash) return bad_key("signer's key: its hash is another");
  return signer;
}

NoteSigner::NoteSigner(NoteSigner&& other) noexcept : seed_(other.seed_), verifier_(std::move(other.verifier_)) {
  sodium_memzero(other.seed_.data(), other.seed_.size());
}
NoteSigner::~NoteSigner() { sodium_memzero(seed_.data(), seed_.size()); }

std::string NoteSigner::to_text() const { return std::string(kPrivate) + key_text(verifier_.name_, verifier_.hash(), NoteVerifier::kEd25519, seed_); }

std::string NoteSigner::sign(std::string_view text) const {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> unused;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(unused.data(), secret.data(), seed_.data());
  std::array<std::uint8_t, kHashBytes + crypto_sign_BYTES> line;
  for (std::size_t i = 0; i < kHashBytes; ++i) line[i] = static_cast<std::uint8_t>(verifier_.hash() >> (24 - 8 * i));
  crypto_sign_detached(line.data() + kHashBytes, nullptr, data(text), text.size(), secret.data());
  sodium_memzero(secret.data(), secret.size());
  return std::string(kDash) + verifier_.name_ + ' ' + to_base64(line) + '\n';
}

std::string signed_note(std::string_view text, const std::vector<NoteSigner>& signers) {
  auto note = std::string(text) + '\n';
  for (const auto& signer : signers) note += signer.sign(text);
  return note;
}

Result<SignedNote> SignedNote::parse(std::string_view note) {
  auto end = note.rfind("\n\n");
  if (end == note.npos) return malformed("no empty line before the signatures");
  SignedNote parsed{std::string(note.substr(0, end + 1)), {}};
  for (auto lines = note.substr(end + 2); !lines.empty();) {
    auto line_end = lines.find('\n');
    if (line_end == lines.npos) return malformed("its last line is cut off");
    auto line = lines.substr(0, line_end);
    lines.remove_prefix(line_end + 1);
    if (!line.starts_with(kDash)) return malformed("a line under it is no signature");
    line.remove_prefix(kDash.size());
    auto space = line.find(' ');
    auto bytes = space == line.npos ? std::nullopt : from_base64(line.substr(space + 1));
    if (!bytes || bytes->size() <= kHashBytes || !valid_name(line.substr(0, space))) return malformed("a signature line");
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < kHashBytes; ++i) hash = hash << 8 | static_cast<std::uint8_t>((*bytes)[i]);
    parsed.signatures.push_back({std::string(line.substr(0, space)), hash, bytes->substr(kHashBytes)});
  }
  if (parsed.signatures.empty()) return malformed("nobody signed it");
  return parsed;
}

bool SignedNote::signed_by(const NoteVerifier& key) const {
  auto found = false;
  for (const auto& signature : signatures) {
    if (signature.name != key.name() || signature.key_hash != key.hash()) continue;
    if (!key.verify(text, bytes_of(signature.bytes))) return false;
    found = true;
  }
  return found;
}

std::optional<std::uint64_t> SignedNote::cosigned_at(const NoteVerifier& witness) const {
  std::optional<std::uint64_t> at;
  if (!signed_by(witness)) return at;
  for (const auto& signature : signatures)
    if (signature.name == witness.name() && signature.key_hash == witness.hash() && signature.bytes.size() > kTimeBytes)
      at = std::max(at.value_or(0), read_be<8>(std::string_view(signature.bytes).substr(0, kTimeBytes)));
  return at;
}

std::string Checkpoint::to_text() const { return origin + '\n' + std::to_string(size) + '\n' + to_base64(root) + '\n'; }

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  auto line = [&]() -> std::optional<std::string_view> {
    auto end = text.find('\n');
    if (end == text.npos) return {};
    auto first = text.substr(0, end);
    text.remove_prefix(end + 1);
    return first;
  };
  Checkpoint checkpoint;
  auto origin = line(), size = line(), root = line();
  if (!origin || origin->empty() || !size || !root) return malformed("a checkpoint has three lines: origin, size, root");
  checkpoint.origin = *origin;
  auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  if (error != std::errc() || end != size->data() + size->size() || (size->size() > 1 && size->front() == '0'))
    return malformed("the second line of a checkpoint is no size");
  auto hash = from_base64(*root);
  if (!hash || hash->size() != checkpoint.root.size()) return malformed("the third line of a checkpoint is no hash");
  std::copy(hash->begin(), hash->end(), checkpoint.root.begin());
  return checkpoint;
}

}  // namespace rapport
