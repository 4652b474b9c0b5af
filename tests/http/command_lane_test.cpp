// Commands that wait are decided together, and those that take long hold nobody up.
#include "adapters/http/command_lane.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>

#include "tests/http/fake_service.h"

namespace rapport {
namespace {

constexpr unsigned kThreads = 8;

struct CommandLaneTest : testing::Test {
  CommandLaneTest() {
    service.on_command = [this](const CommandRequest& request) -> Result<std::string> {
      if (request.id == "held") {
        ++held;
        held.notify_one();
        go_on.wait();
      }
      return std::string(request.id);
    };
  }
  // One that stays in the service until it may go on.
  void hold(CommandLane& lane) {
    auto before = held.load();
    EXPECT_TRUE(run(lane, "held"));
    held.wait(before);
  }
  bool run(CommandLane& lane, const std::string& id) {
    CommandRequest request;
    request.id = id;
    return lane.try_run(std::move(request), [this, id](Result<std::string> receipt) {
      EXPECT_EQ(*receipt, id);
      ++answers;
    });
  }

  FakeService service;
  std::latch go_on{1};
  std::atomic<int> held = 0;
  std::atomic<int> answers = 0;
};

TEST_F(CommandLaneTest, WhatWaitsIsDecidedTogetherAndAnsweredEach) {
  {
    CommandLane lane(service, kThreads, 1'000);
    hold(lane);
    hold(lane);
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(run(lane, std::to_string(i)));
    go_on.count_down();
  }
  EXPECT_EQ(answers, 202);
  EXPECT_LT(service.together.size(), 100U);  // calls
  EXPECT_LE(std::ranges::max(service.together), CommandLane::kTogetherMax);
}

TEST_F(CommandLaneTest, ThoseThatTakeLongHoldNobodyUp) {
  CommandLane lane(service, kThreads, 1'000);
  hold(lane);
  hold(lane);
  hold(lane);
  EXPECT_TRUE(run(lane, "quick"));
  while (answers == 0) std::this_thread::yield();
  go_on.count_down();
}

TEST_F(CommandLaneTest, RefusesWhatWouldWaitTooLong) {
  CommandLane lane(service, 1, 2);
  hold(lane);
  EXPECT_TRUE(run(lane, "first"));
  EXPECT_TRUE(run(lane, "second"));
  EXPECT_FALSE(run(lane, "third"));
  go_on.count_down();
}

}  // namespace
}  // namespace rapport
