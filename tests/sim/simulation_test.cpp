// A store, its readers and a view, driven by one thread: the seed chooses each next step, among them clocks that jump and the power that
// goes, and every answer is compared with a model that knows nothing but the answers before. What may be on a disk after a cut, the
// random bytes and the time follow from the seed as well; what RocksDB's own threads write meanwhile does not.
#include <gtest/gtest.h>

#include <iostream>

#include "eventstore/proof/merkle_tree.h"
#include "eventstore/stored_event.h"
#include "projections/view_host.h"
#include "projections/views.h"
#include "tests/projections/stores.h"
#include "tests/sim/disk.h"
#include "tests/sim/options.h"
#include "tests/sim/seeded_random.h"
#include "tests/sim/workload.h"

namespace rapport::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStepsPerRun = 150, kRuns = 25, kStreams = 5;
constexpr std::int64_t kSecond = 1'000'000;

// What is known of the log: its leaves in order, where they are by stream, and what each command came to.
struct Model {
  struct Command {
    std::string stream;
    std::size_t events;
    StoredOutcome outcome;
  };
  std::vector<Hash> leaves;
  std::vector<std::string> streams;  // of each event
  std::map<std::string, std::uint64_t> versions;
  std::map<std::uint64_t, Command> commands;

  void appended(std::uint64_t command, const std::string& stream, const StoredOutcome& outcome) {
    for (const auto& item : outcome.events) {
      leaves.push_back(item.leaf);
      streams.push_back(stream);
    }
    versions[stream] += outcome.events.size();
    commands[command] = {stream, outcome.events.size(), outcome};
  }
  // Positions from `next` on that a reader of one stream (all, if empty) has before it.
  std::optional<std::uint64_t> next_for(const std::string& stream, std::uint64_t after) const {
    for (auto position = after + 1; position <= leaves.size(); ++position)
      if (stream.empty() || streams[position - 1] == stream) return position;
    return {};
  }
};

bool same(const StoredOutcome& a, const StoredOutcome& b) {
  return std::equal(a.events.begin(), a.events.end(), b.events.begin(), b.events.end(), [](const auto& x, const auto& y) {
    return x.position == y.position && x.leaf == y.leaf && x.version == y.version && x.stream == y.stream && x.type == y.type;
  });
}

class Simulation final {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed) {
    seed_random_bytes(seed);
    fresh_folder();
    files_ = std::make_unique<FaultFileSystem>(folder_);
    open();
  }
  // Empty, or what differs.
  std::string run(std::size_t steps) {
    for (std::size_t i = 0; i < steps && wrong_.empty(); ++i) {
      clock_.advance(static_cast<std::int64_t>(below(5000)));
      step();
    }
    close();
    return wrong_;
  }
  std::map<std::string, std::size_t> counts;

 private:
  struct Reader {
    std::string stream;
    std::uint64_t position = 0;  // of what it had last
    std::unique_ptr<EventReader> cursor;
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }
  void expect(bool holds, const std::string& otherwise) {
    if (!holds && wrong_.empty()) wrong_ = otherwise;
  }
  void fresh_folder() {
    folder_ = scratch() / ("life" + std::to_string(++lives_));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  EventStore& log() { return *store_.events; }

  void open() {
    auto opened = test::WholeStore::open(folder_ / "store", clock_, true, {.accept_clock = true});
    if (!opened) return expect(false, "refused: " + opened.error().reason + ": " + opened.error().message);
    store_ = std::move(*opened);
    rows_ = std::make_unique<projections::RocksRowStores>((folder_ / "store" / "views").string(), test::kSmallBudget);
    view_ = projections::ViewHost::open(*projections::find_view("pipeline"), log(), *rows_);
    expect(view_->health().has_value(), "the view is not whole: " + (view_->health() ? "" : view_->health().error().message));
    expect(view_->position().value <= log().head().position.value, "the view is ahead of the log");
    for (auto& reader : readers_) follow(reader);
  }
  void close() {
    for (auto& reader : readers_) reader.cursor.reset();
    view_.reset();
    rows_.reset();
    store_.close();
  }
  void follow(Reader& reader) {
    ReadQuery query;
    query.stream = reader.stream;
    query.from = {reader.position + 1};
    if (!reader.stream.empty()) {
      std::uint64_t had = 0;
      for (std::uint64_t p = 1; p <= reader.position; ++p) had += model_.streams[p - 1] == reader.stream;
      query.from_version = {had + 1};
    }
    reader.cursor = log().read(query);
  }

  void step() {
    static constexpr const char* kNames[] = {"append", "repeat", "reuse", "wrong version", "settle", "read", "fold", "restart", "power cut", "clock jump", "new reader", "ask"};
    static constexpr std::size_t kChoices[] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 10, 11};
    auto chosen = kChoices[below(std::size(kChoices))];
    counts[kNames[chosen]]++;
    switch (chosen) {
      case 0: return append();
      case 1: return repeat(1);
      case 2: return repeat(2);
      case 3: return wrong_version();
      case 4: return expect(store_.events->settle().has_value(), "cannot settle");
      case 5: return read();
      case 6: return fold();
      case 7: close(); return open();
      case 8: return power_cut();
      case 9: return clock_jump();
      case 10: return new_reader();
      default: return ask();
    }
  }

  std::string some_stream() { return (below(2) ? "opportunity-" : "case-") + std::to_string(below(kStreams)); }
  void append() {
    auto stream = some_stream();
    auto events = below(12) ? 1 + below(4) : 120;
    auto number = ++commands_;
    test::Sample sample(number);
    sample.on(stream, model_.versions[stream], events);
    auto outcome = outcome_of(sample);
    auto* appended = outcome ? std::get_if<Appended>(&*outcome) : nullptr;
    if (!appended) return expect(false, "an append is not taken");
    expect(appended->outcome.events.front().position.value == model_.leaves.size() + 1, "an append is not at the end");
    model_.appended(number, stream, appended->outcome);
    expect(log().head().position.value == model_.leaves.size(), "the head is not the last event");
  }
  std::optional<AppendOutcome> outcome_of(const test::Sample& sample) {
    auto outcomes = log().append({&sample.append(), 1});
    if (outcomes) return std::move(outcomes->front());
    expect(false, outcomes.error().reason + ": " + outcomes.error().message);
    return {};
  }
  // The same command again, with the same request or with another.
  void repeat(std::uint8_t request) {
    if (model_.commands.empty()) return;
    auto number = 1 + below(commands_);
    const auto& known = model_.commands.at(number);
    test::Sample sample(number, request);
    sample.on(known.stream, below(3), known.events);
    auto outcome = outcome_of(sample);
    if (!outcome) return;
    auto* already = std::get_if<AlreadyAppended>(&*outcome);
    if (request == 1) expect(already && same(already->outcome, known.outcome), "a repetition has another outcome");
    else expect(std::holds_alternative<CommandIdReused>(*outcome), "a reused id is not noticed");
  }
  void wrong_version() {
    auto stream = some_stream();
    auto right = model_.versions[stream];
    test::Sample sample(1'000'000'000 + commands_);
    sample.on(stream, right + 1 + below(3));
    auto outcome = outcome_of(sample);
    auto* conflict = outcome ? std::get_if<Conflict>(&*outcome) : nullptr;
    expect(conflict && conflict->stream == stream && conflict->current.value == right, "a wrong version is not refused");
  }
  void read() {
    if (readers_.empty()) return;
    auto& reader = readers_[below(readers_.size())];
    for (auto times = 1 + below(60); times > 0; --times) {
      auto event = reader.cursor->next();
      // Where it came to the end of what was there when it began, it goes on when asked again.
      if (event && !*event) event = reader.cursor->next();
      auto next = model_.next_for(reader.stream, reader.position);
      if (!event) return expect(false, "a reader fails: " + event.error().message);
      if (!*event) return expect(!next, "a reader stops before position " + std::to_string(next.value_or(0)));
      auto position = (*event)->position.value;
      expect(next == position, "a reader is given position " + std::to_string(position) + " and not the next one");
      expect((*event)->leaf == model_.leaves[position - 1] && digest_holds(**event), "a reader is given another event");
      reader.position = position;
    }
  }
  void new_reader() {
    if (readers_.size() > 6) readers_.erase(readers_.begin());
    readers_.push_back({below(2) ? some_stream() : std::string(), 0, nullptr});
    follow(readers_.back());
  }
  void fold() {
    auto folded = view_->catch_up();
    expect(folded && view_->position().value == model_.leaves.size(), "the view does not catch up");
    if (below(4) != 0) return;
    auto verified = view_->verify();
    expect(verified.has_value(), "the view is not what the log gives");
  }
  // Small questions, any of which the model can answer.
  void ask() {
    auto stream = some_stream();
    auto version = log().version_of(stream);
    expect(version && version->value == model_.versions[stream], stream + " has another version");
    if (model_.leaves.empty()) return;
    auto size = 1 + below(model_.leaves.size());
    MerkleTree tree;
    for (std::size_t i = 0; i < size; ++i) tree.add(model_.leaves[i]);
    auto root = log().root_at({size});
    expect(root && *root == tree.root(), "the root at " + std::to_string(size) + " is another");
    auto number = 1 + below(commands_);
    auto found = log().find(test::command_id(number));
    expect(found && *found && same(**found, model_.commands.at(number).outcome), "a command is not found as it was");
  }
  // Appends stop until somebody says that the clock is right.
  void clock_jump() {
    clock_.set({clock_.now().micros + 61 * kSecond + static_cast<std::int64_t>(below(3600)) * kSecond});
    test::Sample sample(2'000'000'000 + commands_);
    sample.on("case-0", model_.versions["case-0"]);
    auto refused = log().append({&sample.append(), 1});
    expect(!refused && refused.error().reason == "store.clock_suspect", "a clock that jumps is believed");
    store_.events->accept_clock();
  }
  // What was acknowledged is there, what a reader has read stays read, and no row is ahead of the log.
  void power_cut() {
    auto at = files_->now();
    close();
    auto journal = files_->take();
    files_.reset();
    Disk disk(journal);
    for (std::size_t i = 0; i < at; ++i) disk.make(journal.calls[i]);
    auto before = folder_;
    fresh_folder();
    disk.cut_power(random_, folder_);
    fs::remove_all(before);
    files_ = std::make_unique<FaultFileSystem>(folder_);
    open();
    if (!wrong_.empty()) return;
    expect(log().head().position.value == model_.leaves.size(), "the log has another length after a power cut");
    auto reader = log().read({});
    for (const auto& leaf : model_.leaves) {
      auto event = reader->next();
      if (!event || !*event || (*event)->leaf != leaf) return expect(false, "the log is another after a power cut");
    }
  }

  std::mt19937_64 random_;
  fs::path folder_;
  std::size_t lives_ = 0;
  ManualClock clock_{test::kNow};
  Model model_;
  std::uint64_t commands_ = 0;
  std::string wrong_;
  std::unique_ptr<FaultFileSystem> files_;
  test::WholeStore store_;
  std::unique_ptr<projections::RocksRowStores> rows_;
  std::unique_ptr<projections::ViewHost> view_;
  std::vector<Reader> readers_;
};

TEST(SimulationOfStoreReadersAndView, AnswersAsTheModelDoes) {
  auto runs = options().runs ? options().runs : kRuns;
  std::map<std::string, std::size_t> counts;
  for (std::uint64_t i = 0; i < runs; ++i) {
    auto seed = options().seed + i;
    Simulation simulation(seed);
    auto wrong = simulation.run(kStepsPerRun);
    for (const auto& [step, times] : simulation.counts) counts[step] += times;
    ASSERT_EQ(wrong, "") << "replay with --seed " << seed << " --runs 1";
  }
  std::cout << runs << " runs:";
  for (const auto& [step, times] : counts) std::cout << ' ' << step << ' ' << times << ';';
  std::cout << '\n';
}

}  // namespace
}  // namespace rapport::sim
