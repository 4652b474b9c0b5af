// The way in as a user goes it: `rapport import` of orders to a synced log and four views at its head, beside its floor: the same
// file read by zlib and libcsv alone, each row put into RocksDB, a sync every thousand. Then the views folded again by
// `rapport rebuild`, and reports of now beside the same as known in the middle of the log.
//   import [--rows N]   N rows are made up; without it the real data sets are taken, where RAPPORT_SAMPLES or ../shared/data has them
#include <csv.h>
#include <fcntl.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "adapters/application/local_store.h"
#include "domain/values.h"
#include "eventstore/byte_order.h"
#include "tests/eventstore_samples/temporary_directory.h"

namespace {

using namespace rapport;
namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

struct Ran {
  double seconds = 0, cpu_seconds = 0;
  long peak_mib = 0;
  nlohmann::json answer;
};

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

// The real program in a process of its own: only so is its memory its own.
Ran run(const fs::path& scratch, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), RAPPORT_PROGRAM);
  for (const char* more : {"--quiet", "--format", "json"}) arguments.emplace_back(more);
  const auto out = scratch / "out.json";
  const auto began = SteadyClock::now();
  const auto child = fork();
  if (child == 0) {
    std::vector<char*> words;
    for (auto& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::dup2(::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), 1);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  RAPPORT_ASSERT(::wait4(child, &status, 0, &usage) == child);
  RAPPORT_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  std::ifstream in(out);
  return {seconds_since(began), seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss / 1024,
          nlohmann::json::parse(in)};
}

// As many orders as give so many lines, in the columns of preset online-retail; the same for the same number.
fs::path made_up_orders(const fs::path& folder, std::uint64_t rows) {
  auto file = folder / "orders.csv";
  std::ofstream out(file);
  out << "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
  std::mt19937_64 random(1);
  std::uint64_t invoice = 536'364, customer = 0, left = 0;
  for (std::uint64_t row = 0; row < rows; ++row) {
    if (left == 0) {
      ++invoice;
      customer = 12'000 + random() % std::max<std::uint64_t>(1, rows / 124);
      left = 1 + random() % 40;
    }
    --left;
    char line[160];
    std::snprintf(line, sizeof line, "%llu,%05llu,LANTERN NO %llu,%llu,2011-%02llu-%02llu 12:00:00,%llu.%02llu,%llu,United Kingdom\n",
                  static_cast<unsigned long long>(invoice), static_cast<unsigned long long>(10'000 + random() % 4'000),
                  static_cast<unsigned long long>(row % 97), static_cast<unsigned long long>(1 + random() % 24),
                  static_cast<unsigned long long>(1 + row * 12 / rows), static_cast<unsigned long long>(1 + invoice % 28),
                  static_cast<unsigned long long>(random() % 20), static_cast<unsigned long long>(random() % 100),
                  static_cast<unsigned long long>(customer));
    out << line;
  }
  return file;
}

// Decompressed, split into fields and stored, and nothing else.
class Floor final {
 public:
  explicit Floor(const fs::path& folder) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kLZ4Compression;
    rocksdb::DB* opened = nullptr;
    RAPPORT_ASSERT(rocksdb::DB::Open(options, folder.string(), &opened).ok());
    db_.reset(opened);
    RAPPORT_ASSERT(csv_init(&parser_, CSV_STRICT) == 0);
  }
  ~Floor() { csv_free(&parser_); }
  Floor(const Floor&) = delete;

  std::uint64_t load(const fs::path& file) {
    auto* in = gzopen(file.c_str(), "rb");
    RAPPORT_ASSERT(in);
    std::vector<char> chunk(256u << 10);
    for (int got; (got = gzread(in, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;) {
      const auto size = static_cast<std::size_t>(got);
      RAPPORT_ASSERT(csv_parse(&parser_, chunk.data(), size, field, row, this) == size);
    }
    RAPPORT_ASSERT(csv_fini(&parser_, field, row, this) == 0);
    gzclose(in);
    write();
    return rows_;
  }

 private:
  static void field(void* text, std::size_t size, void* self) {
    auto& value = static_cast<Floor*>(self)->value_;
    value.append(static_cast<const char*>(text), size).push_back('\0');
  }
  static void row(int, void* self) {
    auto& floor = *static_cast<Floor*>(self);
    std::string key;
    append_be<8>(key, ++floor.rows_);
    floor.batch_.Put(key, floor.value_);
    floor.value_.clear();
    if (floor.rows_ % 1'000 == 0) floor.write();
  }
  void write() {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    RAPPORT_ASSERT(db_->Write(synced, &batch_).ok());
    batch_.Clear();
  }

  std::unique_ptr<rocksdb::DB> db_;
  csv_parser parser_{};
  rocksdb::WriteBatch batch_;
  std::string value_;
  std::uint64_t rows_ = 0;
};

void import_orders(const fs::path& scratch, const fs::path& store, const fs::path& file) {
  const auto began = SteadyClock::now();
  const auto rows = static_cast<double>(Floor(scratch / "floor").load(file));
  const auto floor = seconds_since(began);
  std::printf("floor    %9.0f rows/s  (zlib, libcsv, one synced RocksDB batch a thousand rows)\n", rows / floor);
  auto ours = run(scratch, {"import", "online-retail", file.string(), "--data", store.string()});
  const auto accepted = ours.answer.at("accepted").get<double>();
  std::printf("import   %9.0f rows/s  %6.2f s  %6.2f us CPU a row  peak %ld MiB  %.0f events  (%.2f of the floor)\n",
              accepted / ours.seconds, ours.seconds, ours.cpu_seconds / accepted * 1e6, ours.peak_mib,
              ours.answer.at("events").get<double>(), floor / ours.seconds);
}

void rebuild(const fs::path& scratch, const fs::path& store) {
  auto ours = run(scratch, {"rebuild", "pipeline", "service", "loyalty", "--data", store.string()});
  const auto events = ours.answer.at("events").get<double>();
  std::printf("rebuild  %9.0f events/s through three views, %9.0f folded/s together  %6.2f s  %6.2f us CPU an event and view"
              "  peak %ld MiB\n",
              events / ours.seconds, 3 * events / ours.seconds, ours.seconds, ours.cpu_seconds / events / 3 * 1e6, ours.peak_mib);
}

// The least of five: what the report costs, not what the machine was doing.
double report_ms(LocalStore& store, const QueryRequest& request) {
  double least = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto began = SteadyClock::now();
    auto answer = store.query(request);
    RAPPORT_ASSERT(answer);
    least = std::min(least, seconds_since(began) * 1e3);
  }
  return least;
}

void reports(const fs::path& path) {
  auto opened = LocalStore::open({.dir = path, .opening = Opening::kWrite});
  RAPPORT_ASSERT(opened);
  auto& store = **opened;
  const auto head = nlohmann::json::parse(*store.inspect()).at("position").get<std::uint64_t>();
  for (auto [view, report] : {std::pair{"pipeline", "summary"}, std::pair{"service", "summary"}, std::pair{"loyalty", "summary"},
                              std::pair{"loyalty", "rfm"}, std::pair{"customer360", "accounts"}}) {
    QueryRequest request;
    request.view = view;
    request.report = report;
    const auto now = report_ms(store, request);
    request.known_at = std::to_string(head / 2);
    const auto middle = report_ms(store, request);
    request.known_at = std::to_string(head - head / 10);
    const auto late = report_ms(store, request);
    std::printf("%-11s/%-8s  now %7.1f ms, known at half the log %7.1f ms (x %.2f), at nine tenths %7.1f ms (x %.2f)\n", view, report, now,
                middle, middle / now, late, late / now);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rows = 0;
  for (int i = 1; i + 1 < argc; i += 2)
    if (std::strcmp(argv[i], "--rows") == 0) rows = std::stoull(argv[i + 1]);
  const rapport::test::TemporaryDirectory temporary;
  const auto& scratch = temporary.path();
  const auto store = scratch / "store";
  const auto* named = std::getenv("RAPPORT_SAMPLES");
  const fs::path samples = named ? fs::path(named) : fs::path(RAPPORT_SOURCE_DIR) / ".." / "shared" / "data";
  const auto retail = samples / "online_retail" / "online_retail.csv.gz";
  const bool real = rows == 0 && fs::exists(retail);
  import_orders(scratch, store, real ? retail : made_up_orders(scratch, rows ? rows : 500'000));
  if (real) {
    const auto crm = samples / "crm_sales";
    run(scratch, {"import", "crm-sales", crm / "accounts.csv", crm / "products.csv", crm / "sales_teams.csv", crm / "sales_pipeline.csv",
                  "--data", store});
    run(scratch, {"import", "incident-log", samples / "incident_log" / "incident_event_log.csv.gz", "--allow-rejects", "--data", store});
  }
  rebuild(scratch, store);
  reports(store);
}
