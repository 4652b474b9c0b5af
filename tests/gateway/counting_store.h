// The store, and how many events of streams were read from it.
#pragma once
#include <atomic>

#include "tests/eventstore_samples/forwarded_reads.h"

namespace rapport {

class CountingStore final : public test::ForwardedReads {
 public:
  explicit CountingStore(EventStore& store) : ForwardedReads(store), store_(store) {}
  mutable std::atomic<std::uint64_t> events_read = 0;

  Result<std::vector<AppendOutcome>> append(std::span<const Append> appends) override { return store_.append(appends); }
  std::unique_ptr<EventReader> read(const ReadQuery& query) const override {
    return std::make_unique<Reader>(store_.read(query), query.stream.empty() ? ignored_ : events_read);
  }

 private:
  class Reader final : public EventReader {
   public:
    Reader(std::unique_ptr<EventReader> reader, std::atomic<std::uint64_t>& count) : reader_(std::move(reader)), count_(count) {}
    Result<const RecordedEvent*> next() override {
      auto event = reader_->next();
      if (event && *event) ++count_;
      return event;
    }

   private:
    std::unique_ptr<EventReader> reader_;
    std::atomic<std::uint64_t>& count_;
  };
  EventStore& store_;
  mutable std::atomic<std::uint64_t> ignored_ = 0;
};

}  // namespace rapport
