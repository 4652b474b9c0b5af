// What is known of one subscription while the program runs. Only for webhooks*.cpp.
#pragma once
#include "adapters/webhooks/webhooks.h"

namespace rapport::webhooks {

struct Webhooks::Entry {
  explicit Entry(const std::filesystem::path& folder) : place(folder), attempts(folder) {}

  struct GivenUp {
    webhook::PauseCause cause;
    std::string detail;
    Timestamp again{0};  // when recording it is tried next
  };

  Subscription subscription = {};
  PlaceFile place;
  AttemptLog attempts;
  std::unique_ptr<Courier> courier = {};
  std::optional<Error> trouble = {};  // why there is no courier, or why it does not read on
  Timestamp trouble_until{0};         // then it is tried again
  std::optional<GivenUp> given_up = {};
  std::string last_failure = {};      // of the last attempt; empty: it was taken
};

struct Webhooks::UnderWay {
  std::string id;
  Position created;  // of the subscription: one that was deleted meanwhile is another
  Courier::Item item;
  std::string event = {}, stream = {}, type = {}, url = {}, message_id = {};
  std::int64_t seconds = 0;
  std::size_t bytes = 0;
};

}  // namespace rapport::webhooks
