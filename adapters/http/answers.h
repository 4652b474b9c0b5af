// What little this layer reads out of the Service's answers.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventstore/event_filter.h"

namespace rapport {

// Of an event's line, without parsing all of it: the contract puts these members first, before "data".
// 0 and empty if they are not there.
std::uint64_t event_position(std::string_view line);
std::string event_type(std::string_view line);
std::string event_stream(std::string_view line);
// All that a filter may ask of it.
std::vector<Term> event_terms(std::string_view line);

std::optional<std::uint64_t> receipt_version(std::string_view receipt);
// Whether a consumer group had no event for who asked.
bool took_none(std::string_view taken);

struct Positions {
  std::uint64_t head = 0;
  std::vector<std::pair<std::string, std::uint64_t>> views;
  struct Bus {
    bool connected = false;
    std::uint64_t position = 0;
  };
  std::optional<Bus> bus = {};  // if the store is published
};
// Out of what inspect and status answer.
std::optional<Positions> inspected_positions(std::string_view inspected);

}  // namespace rapport
