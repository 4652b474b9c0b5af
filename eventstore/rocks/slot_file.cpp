#include "eventstore/rocks/slot_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "eventstore/byte_order.h"
#include "eventstore/rocks/files.h"

namespace rapport {
namespace {

constexpr std::size_t kSlotBytes = 4096, kSlots = 2;
constexpr std::size_t kSequence = 8, kValue = 16;

bool zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

Result<std::unique_ptr<SlotFile>> SlotFile::create(const std::filesystem::path& path, Form form) {
  if (auto made = write_file_durably(path, std::string(kSlotBytes * kSlots, '\0'), 0600); !made) return made.error();
  return open(path, std::move(form));
}

Result<std::unique_ptr<SlotFile>> SlotFile::open(const std::filesystem::path& path, Form form) {
  auto content = read_file(path);
  if (!content) return content.error();
  auto file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return io_error(path, "cannot open");
  std::unique_ptr<SlotFile> slots(new SlotFile(path, std::move(form), file));
  slots->load(*content);
  return slots;
}

SlotFile::~SlotFile() { ::close(file_); }

void SlotFile::load(std::string_view content) {
  if (content.size() != kSlotBytes * kSlots) {
    damage_ = path_.filename().string() + " has a wrong size";
    return;
  }
  auto sealed_bytes = kValue + form_.value_bytes;
  for (std::size_t i = 0; i < kSlots; ++i) {
    auto slot = content.substr(i * kSlotBytes, kSlotBytes);
    if (zero(slot)) continue;
    auto seal = form_.seal(bytes_of(slot.substr(0, sealed_bytes)));
    auto sequence = read_be<8>(slot.substr(kSequence));
    auto whole = slot.starts_with(form_.magic) && slot.substr(sealed_bytes).starts_with(text_of(seal)) &&
                 zero(slot.substr(sealed_bytes + seal.size())) && sequence % kSlots == i && sequence != 0;
    if (!whole) damage_ = "slot " + std::to_string(i) + " of " + path_.filename().string() + " is damaged";
    else if (sequence > sequence_) {
      sequence_ = sequence;
      value_ = slot.substr(kValue, form_.value_bytes);
    }
  }
}

Result<void> SlotFile::write(std::string_view value) {
  RAPPORT_ASSERT(value.size() == form_.value_bytes);
  ++sequence_;
  std::string slot(form_.magic);
  append_be<8>(slot, sequence_);
  slot += value;
  slot += text_of(form_.seal(bytes_of(slot)));
  auto offset = static_cast<off_t>(sequence_ % kSlots * kSlotBytes);
  // A slot that was damaged behind its seal must come out whole too.
  if (!damage_.empty()) slot.resize(kSlotBytes, '\0');
  if (::pwrite(file_, slot.data(), slot.size(), offset) != static_cast<ssize_t>(slot.size()))
    return io_error(path_, "cannot write");
  value_ = value;
  return {};
}

Result<void> SlotFile::sync() {
  if (::fdatasync(file_) != 0) return io_error(path_, "cannot sync");
  return {};
}

}  // namespace rapport
