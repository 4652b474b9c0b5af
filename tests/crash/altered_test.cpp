// Every byte of the files that carry truth is flipped in turn, each file is cut at every length, each is deleted: what is read then is
// what was written, or it is refused with a code. RAPPORT_EVERY=1 does of the others, too, what else is done to samples.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <regex>
#include <thread>

#include "adapters/import/rocks/rocks_key_value.h"
#include "eventstore/rocks/files.h"
#include "eventstore/rocks/verify_store.h"
#include "eventstore/stored_event.h"
#include "tests/eventstore_samples/whole_store.h"

// RocksDB sleeps for a second after an open that failed, before it tells.
extern "C" int usleep(useconds_t) { return 0; }  // NOLINT

namespace rapport::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kThreads = 2, kSampled = 20;  // places of a file that is sampled
bool every_one() { return std::getenv("RAPPORT_EVERY") != nullptr; }

// One thing done to one file: a byte flipped, the file cut there, or (past its end) deleted.
struct Harm {
  enum class Kind : std::uint8_t { kFlip, kCut, kDelete };
  Kind kind;
  fs::path file;
  std::size_t at = 0;
  std::string text() const {
    static constexpr const char* kNames[] = {"flipped at ", "cut at ", "deleted"};
    auto name = file.string() + ' ' + kNames[static_cast<std::size_t>(kind)];
    return kind == Kind::kDelete ? name : name + std::to_string(at);
  }
};

struct Outcome {
  std::string error;      // "code: message" of what refused; empty if nothing did
  bool altered = false;   // something was given out as valid that is not what was written
  bool complete = false;  // all of it was
};
using Ask = std::function<Outcome(const fs::path& folder)>;

// RocksDB's own notes; locks; the file without which less is checked.
bool carries_truth(const fs::path& file) {
  auto name = file.filename().string();
  return !name.starts_with("LOG") && name != "LOCK" && !name.starts_with("OPTIONS-") && name != "IDENTITY" && name != "closed" &&
         *file.begin() != "index";
}

class Altered : public testing::Test {
 protected:
  // `files` of `whole_`, each at every place or at some, on copies; `check` is called with what came of it.
  struct Job {
    fs::path file;
    bool sampled;
  };
  void each_harm(const std::vector<Job>& jobs, bool fresh_copy, const Ask& ask, const std::function<void(const Harm&, const Outcome&)>& check) {
    std::vector<Harm> harms;
    for (const auto& job : jobs) {
      auto size = fs::file_size(whole_ / job.file);
      auto step = job.sampled && !every_one() ? std::max<std::size_t>(1, size / kSampled) : 1;
      for (std::size_t at = 0; at < size; at += step) {
        harms.push_back({Harm::Kind::kFlip, job.file, at});
        harms.push_back({Harm::Kind::kCut, job.file, at});
      }
      harms.push_back({Harm::Kind::kDelete, job.file, size});
    }
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        auto copy = temporary_.path() / ("copy" + std::to_string(t));
        fs::copy(whole_, copy, fs::copy_options::recursive);
        for (auto i = t; i < harms.size(); i += kThreads) {
          harm(copy, harms[i]);
          auto outcome = ask(copy);
          {
            std::lock_guard lock(mutex_);
            ++harmed_;
            check(harms[i], outcome);
          }
          if (fresh_copy || !carries_truth(harms[i].file)) {
            fs::remove_all(copy);
            fs::copy(whole_, copy, fs::copy_options::recursive);
          } else {
            fs::copy_file(whole_ / harms[i].file, copy / harms[i].file, fs::copy_options::overwrite_existing);
          }
        }
        fs::remove_all(copy);
      });
    threads.clear();
    std::cout << harmed_ << " harms, " << refused_ << " refused\n";
  }
  void harm(const fs::path& copy, const Harm& harm) {
    auto path = copy / harm.file;
    if (harm.kind == Harm::Kind::kCut) return fs::resize_file(path, harm.at);
    if (harm.kind == Harm::Kind::kDelete) return static_cast<void>(fs::remove(path));
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    char byte = 0;
    file.seekg(static_cast<std::streamoff>(harm.at)).get(byte);
    file.seekp(static_cast<std::streamoff>(harm.at)).put(static_cast<char>(byte ^ 1 << harm.at % 8));
  }
  // No lie, and a code and a sentence where something is refused.
  void expect_truth(const Harm& harm, const Outcome& outcome) {
    static const std::regex code("[a-z]+\\.[a-z_]+: .{10,}");
    refused_ += !outcome.error.empty();
    EXPECT_FALSE(outcome.altered) << harm.text() << ": " << outcome.error;
    EXPECT_TRUE(outcome.error.empty() || std::regex_match(outcome.error, code)) << harm.text() << ": " << outcome.error;
  }
  std::vector<fs::path> files_of(const fs::path& part) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(whole_ / part))
      if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), whole_));
    std::sort(files.begin(), files.end());
    return files;
  }

  TemporaryDirectory temporary_;
  fs::path whole_ = temporary_.path() / "whole";
  ManualClock clock_{kNow};
  std::mutex mutex_;
  std::size_t harmed_ = 0, refused_ = 0;
};

std::string text(const Error& error) { return error.reason + ": " + error.message; }

class AlteredStore : public Altered {
 protected:
  void make(bool crashed) {
    {
      auto live = temporary_.path() / "live";
      {
        auto store = *WholeStore::open(live, clock_, true);
        for (std::uint64_t c = 1; c <= 3; ++c) add(store, c);
      }
      clock_.set({kNow.micros - 3'600'000'000});  // the clock is set back, and that is accepted: file `accepted`
      auto store = *WholeStore::open(live, clock_, true, {.accept_clock = true});
      for (std::uint64_t c = 4; c <= 6; ++c) add(store, c);
      for (auto reader = store.events->read({});;) {
        auto event = *reader->next();
        if (!event) break;
        leaves_.push_back(event->leaf);
      }
      for (std::uint64_t key = 1; key <= 6; ++key) secrets_.push_back((**store.keys->find(key)).key.secret);
      if (crashed) copy_as_crashed(live, whole_);
      else {
        store.close();
        copy_as_crashed(live, whole_);
      }
    }
    for (const auto& file : files_of(".")) (carries_truth(file) ? truth_ : others_).push_back(file);
    ASSERT_TRUE(fs::exists(whole_ / "accepted"));
  }
  void add(WholeStore& store, std::uint64_t command) {
    ASSERT_TRUE(store.keys->key_for("account-" + std::to_string(command)) && store.keys->sync());
    auto stream = "case-" + std::to_string(command % 2);
    append_one(*store.events, Sample(command).on(stream, store.events->version_of(stream)->value, 2));
  }
  // Everything a reader can ask for, then verification.
  Outcome ask(const fs::path& folder, bool to_read) const {
    auto directory = to_read ? StoreDirectory::open_to_read(folder) : StoreDirectory::open(folder, false);
    if (!directory) return {text(directory.error())};
    auto keys = RocksSubjectKeys::open(**directory);
    if (!keys) return {text(keys.error())};
    ManualClock clock(clock_.now());
    RocksStoreOptions options;
    options.clock = &clock;
    auto store = RocksEventStore::open(**directory, options);
    if (!store) return {text(store.error())};
    Outcome outcome;
    outcome.complete = true;
    read(**store, outcome);
    for (std::size_t i = 0; i < secrets_.size(); ++i) {
      auto key = (*keys)->find(i + 1);
      if (!key) outcome.error = text(key.error());
      else if (!*key) outcome.complete = false;
      else if ((*key)->key.secret != secrets_[i]) outcome.altered = true;
    }
    auto verified = verify_store(**store, **keys);
    if (!verified) outcome.error = text(verified.error());
    else if (!verified->ok) outcome.error = "verify.failed: " + verified->what;
    return outcome;
  }
  void read(const EventStore& store, Outcome& outcome) const {
    std::size_t events = 0;
    for (auto reader = store.read({});; ++events) {
      auto event = reader->next();
      if (!event) return static_cast<void>(outcome.error = text(event.error()));
      if (!*event) break;
      if (events >= leaves_.size() || (*event)->leaf != leaves_[events] || !digest_holds(**event)) outcome.altered = true;
    }
    outcome.complete = outcome.complete && events == leaves_.size();
  }
  std::vector<Job> jobs(bool sample_truth) const {
    std::vector<Job> all;
    for (const auto& file : truth_) all.push_back({file, sample_truth || (file.filename() == "witness")});
    for (const auto& file : others_) all.push_back({file, true});
    return all;
  }

  std::vector<Hash> leaves_;
  std::vector<Hash> secrets_;
  std::vector<fs::path> truth_, others_;
};

TEST_F(AlteredStore, ThatWasClosedIsRefusedAtEveryByteOfItsTruth) {
  ASSERT_NO_FATAL_FAILURE(make(false));
  auto whole = ask(whole_, true);
  ASSERT_TRUE(whole.error.empty() && whole.complete) << whole.error;
  std::set<std::string> truth;
  for (const auto& file : truth_) truth.insert(file.string());
  each_harm(jobs(false), false, [this](const fs::path& folder) { return ask(folder, true); },
            [&](const Harm& harm, const Outcome& outcome) {
              expect_truth(harm, outcome);
              EXPECT_TRUE(outcome.complete || !outcome.error.empty()) << harm.text() << " is not told";
              // Without a line of `accepted` less is accepted; nothing that is read rests on it.
              if (!truth.contains(harm.file.string()) || (harm.file == "accepted" && harm.kind != Harm::Kind::kFlip)) return;
              EXPECT_FALSE(outcome.error.empty()) << harm.text() << " is not noticed";
            });
}

// Where a crash may have ended a file, harm may look like one; what was acknowledged is missed all the same.
TEST_F(AlteredStore, ThatCrashedIsRefusedOrWhole) {
  ASSERT_NO_FATAL_FAILURE(make(true));
  each_harm(jobs(true), true, [this](const fs::path& folder) { return ask(folder, false); },
            [&](const Harm& harm, const Outcome& outcome) {
              expect_truth(harm, outcome);
              EXPECT_TRUE(outcome.complete || !outcome.error.empty()) << harm.text() << " is not told";
            });
}

class AlteredImports : public Altered {
 protected:
  static Outcome ask(const fs::path& folder, const std::map<std::string, std::string>& written) {
    auto memory = import::open_memory((folder / "imports").string(), false);
    if (!memory) return {text(memory.error())};
    Outcome outcome;
    std::size_t there = 0;
    auto read = (*memory)->each("", [&](std::string_view key, std::string_view value) {
      auto known = written.find(std::string(key));
      if (known == written.end() || known->second != value) outcome.altered = true;
      ++there;
      return true;
    });
    if (!read) outcome.error = text(read.error());
    if (auto verified = (*memory)->verify(); !verified) outcome.error = text(verified.error());
    outcome.complete = there == written.size();
    return outcome;
  }
};

TEST_F(AlteredImports, NeverAnswerWithOtherBytes) {
  std::map<std::string, std::string> written;
  {
    fs::create_directories(whole_);
    auto memory = *import::open_memory((whole_ / "imports").string(), true);
    std::vector<import::KeyValue::Change> changes;
    for (int i = 0; i < 20; ++i) {
      auto [entry, added] = written.emplace("r" + std::to_string(i * 7919), std::string(20, static_cast<char>('a' + i)));
      changes.push_back({entry->first, entry->second});
    }
    ASSERT_TRUE(memory->write(changes, true) && memory->settle());
  }
  std::vector<Job> jobs;
  for (const auto& file : files_of(".")) jobs.push_back({file, !carries_truth(file)});
  std::size_t lost = 0;
  each_harm(jobs, true, [&](const fs::path& folder) { return ask(folder, written); },
            [&](const Harm& harm, const Outcome& outcome) {
              expect_truth(harm, outcome);
              lost += !outcome.complete && outcome.error.empty();
            });
  // A manifest that is cut between two records is an older one to RocksDB: the memory is then emptier, which importing again mends.
  std::cout << lost << " times emptier without a word\n";
}

}  // namespace
}  // namespace rapport::test
