// Index entries of a run of the log's events, in memory: what index/ does not hold yet. Included under rocks/ only.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "eventstore/append_plan.h"
#include "eventstore/frame.h"
#include "eventstore/rocks/text_hash.h"

namespace rapport {

// One thread writes while nobody reads.
class IndexEntries final {
 public:
  struct Stream {
    StreamVersion first;              // of the first position
    std::vector<Position> positions;  // one a version
    StreamVersion last() const { return {first.value + positions.size() - 1}; }
  };
  struct Command {
    Position first;
    std::uint32_t events = 0;
  };

  // Events that follow those there are.
  void add(const GroupPlan& plan);
  Result<void> add(Frame& frame);

  std::size_t events() const { return leaves_.size(); }
  std::uint64_t new_streams() const { return new_streams_; }
  Position last() const { return last_; }  // of the events
  const std::vector<Hash>& leaves() const { return leaves_; }
  // Null: none of these events.
  const Stream* stream(std::string_view name) const;
  const Command* command(const CommandId& id) const;
  const std::vector<Position>* term(Term::Kind kind, std::string_view value) const;

  using Streams = std::unordered_map<std::string, Stream, TextHash, std::equal_to<>>;
  const Streams& streams() const { return streams_; }
  Streams take_streams() && { return std::move(streams_); }
  const auto& commands() const { return commands_; }
  using Terms = std::unordered_map<std::string, std::vector<Position>, TextHash, std::equal_to<>>;
  const Terms& terms(Term::Kind kind) const { return terms_[static_cast<std::size_t>(kind)]; }

 private:
  struct Entry {
    std::string_view stream, type;
    std::span<const Term> terms;
    StreamVersion version;
    Position position;
    const Hash& leaf;
  };
  void add(const Entry& entry);
  void add(Term::Kind kind, std::string_view value, Position position);

  Streams streams_;
  std::unordered_map<CommandId, Command, CommandIdHash> commands_;
  std::array<Terms, Term::kKinds> terms_;
  std::array<Terms::value_type*, Term::kKinds> last_of_{};  // events that follow each other have much in common
  std::vector<Hash> leaves_;  // one an event
  std::uint64_t new_streams_ = 0;
  Position last_;
};

}  // namespace rapport
