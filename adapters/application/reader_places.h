// How far those are who read the log and keep their place beside it: consumer groups and webhooks. A dump and a backup carry the
// places, in one form: FORMAT.md, "A dump".
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "eventstore/event.h"
#include "domain/result.h"

namespace rapport {

// One file of groups/ or webhooks/.
struct ReaderPlace {
  std::string path;   // in the store: "groups/crm.group", "webhooks/ID/place"
  std::string bytes;
};

// All of a store that may be in use: each as it was at some time during the call. One that is damaged is left out, with a warning.
Result<std::vector<ReaderPlace>> reader_places(const std::filesystem::path& store);

inline constexpr std::string_view kReaderPlaceLine = "{\"readerPlace\":";  // how such a line begins
std::string reader_place_line(const ReaderPlace& place);
// kRejected, "dump.member".
Result<ReaderPlace> parse_reader_place(std::string_view line);
// Into a store that nobody has open.
Result<void> put_reader_place(const std::filesystem::path& store, const ReaderPlace& place);

struct TakenBack {
  std::string reader;  // "group crm", "webhook ID"
  Position was;        // the last position that it knew of
};
// Of a log that ends earlier than some place: these begin again behind the log's end, since positions there will be other events. A
// webhook that was made there has no place any more. Before anything is appended; nobody has the store's groups or webhooks open.
Result<std::vector<TakenBack>> take_back_places(const std::filesystem::path& store, Position end);

}  // namespace rapport
