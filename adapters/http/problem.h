// Errors on the wire: RFC 9457 application/problem+json, and back.
#pragma once
#include <string>
#include <string_view>

#include "adapters/http/message.h"
#include "domain/result.h"

namespace rapport {

// An error with the status that says it best; `status` 0: the one of its code.
struct Problem {
  Error error;
  unsigned status = 0;
};

// {"type","title","status","detail","code","field","expected","hint"}; members that are empty are left out.
// A version that differs ("stream.version_differs") is 412 and carries "currentVersion", which the Service
// puts into `Error::expected` as a decimal number.
HttpReply to_reply(const Problem& problem);

// The same as one line of a JSON Lines stream that breaks off: {"problem":{…}}.
std::string to_line(const Error& error);

// What a server answered with a status of 400 or more. A body that is no problem document is quoted in the
// message.
Error to_error(unsigned status, std::string_view body);

// The error of a line that to_line made; false if the line is none.
bool is_problem_line(std::string_view line, Error& error);

}  // namespace rapport
