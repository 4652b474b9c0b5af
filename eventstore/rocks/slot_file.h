// A small value kept outside RocksDB, in two slots written by turns, so that a torn write leaves the value before.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "domain/result.h"
#include "eventstore/proof/sha256.h"

namespace rapport {

// One thread at a time. Layout: FORMAT.md, `witness`.
class SlotFile final {
 public:
  struct Form {
    std::string_view magic;  // 8 bytes, a literal
    std::size_t value_bytes = 0;
    std::function<Hash(Bytes)> seal;  // over magic, sequence number and value
  };

  static Result<std::unique_ptr<SlotFile>> create(const std::filesystem::path& path, Form form);
  // kNotFound if there is no file.
  static Result<std::unique_ptr<SlotFile>> open(const std::filesystem::path& path, Form form);
  ~SlotFile();
  SlotFile(const SlotFile&) = delete;
  SlotFile& operator=(const SlotFile&) = delete;

  // The newest whole value; empty if none was ever written, or none is whole.
  const std::string& value() const { return value_; }
  // What is wrong with a slot; empty if nothing is.
  const std::string& damage() const { return damage_; }

  // Not synced: survives the process, not a power cut.
  Result<void> write(std::string_view value);
  Result<void> sync();

 private:
  SlotFile(std::filesystem::path path, Form form, int file) : path_(std::move(path)), form_(std::move(form)), file_(file) {}
  void load(std::string_view content);

  const std::filesystem::path path_;
  const Form form_;
  const int file_;
  std::uint64_t sequence_ = 0;
  std::string value_, damage_;
};

}  // namespace rapport
