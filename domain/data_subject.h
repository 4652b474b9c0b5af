// Whoever personal texts are about: consent per purpose and channel, requests, legal hold, and erasure, which destroys the key
// that the subject's texts are sealed under. The stream's id is the subject's name, such as account-4711.
#pragma once
#include <string>
#include <vector>

#include "domain/schema/data_subject.values.h"

namespace rapport::data_subject {

struct Consent {
  std::string purpose, channel, text_version;
  bool granted = false;
};
struct Request {  // one that nothing has answered yet
  RequestKind kind;
  Date due;
};

struct State {  // owns its texts; holds what decisions need, and nothing personal
  bool known = false;             // something was recorded about the subject
  std::vector<Consent> consents;  // one a purpose and channel; an erasure ends them all
  std::vector<Request> requests;
  bool hold = false;
  std::optional<Date> hold_until;   // the last day; nothing: until it is lifted
  std::uint64_t destroyed_key = 0;  // by the last erasure
  std::string exported_sha256;      // of the last export

  // Whether nothing may be erased on the day.
  bool held_on(Date day) const { return hold && (!hold_until || day <= *hold_until); }
};

// "Within one month of receipt of the request": GDPR, article 12(3). A month ends on the day of the same number, or with the
// month (Regulation 1182/71, article 3(2)(c)).
Date one_month_after(Date day);

}  // namespace rapport::data_subject
