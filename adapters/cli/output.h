// How answers look: as the contract's JSON for programs, as CSV, or laid out for a person.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "domain/result.h"

namespace rapport::cli {

enum class Format : std::uint8_t { kJson, kTable, kCsv };

// "json", "table", "csv"; empty: what $RAPPORT_FORMAT says, else a table on a terminal, JSON in a pipe.
Format format_of(std::string_view name);

// A report document {"rows":[…],…}. In a table, amounts in minor units stand with their decimals (`amountMinor` as `amount`);
// in CSV they stay integers. The line under the table says what the answer holds for.
std::string show_report(std::string_view document, Format format);

// Any other document: nested members as `a.b`, one a line, in a table; a header and a line in CSV.
std::string show_document(std::string_view document, Format format);

// One event a line: for a person its position, time, stream, type and data.
std::string show_event(std::string_view event, Format format, bool first);

// 12345678 minor units of USD as "123,456.78". The currency decides the decimals.
std::string amount_text(std::int64_t minor, std::string_view currency);

// Prints to standard output. False: it takes no more, now or before; printed() says why.
bool print(std::string_view text);
// "output.failed" if something could not be printed; "output.closed" if whoever read it has left, which is no trouble.
Result<void> printed();
// Waits so long, or until whoever reads standard output leaves; whether it is so.
bool reader_left(std::chrono::milliseconds at_most);

// Exit codes of the contract: 1 the work failed or was refused, 2 wrong usage, 3 the store is locked, unreachable, damaged or
// of an unknown format.
int exit_code(const Error& error);
// One line for a person on standard error; with --format json the object for programs after it.
void report_error(const Error& error, Format format);

}  // namespace rapport::cli
