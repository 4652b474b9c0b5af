#include "adapters/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>

namespace rapport::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainLine = std::chrono::seconds(5);
constexpr int kBarWidth = 28;

std::string count(double value) {
  if (value >= 1e9) return fmt::format("{:.1f} G", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.0f} k", value / 1e3);
  return fmt::format("{:.0f}", value);
}

}  // namespace

ProgressBar::ProgressBar(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO)) {}

ProgressBar::~ProgressBar() {
  if (what_.empty()) return;
  if (terminal_) std::fputs("\r\033[K", stderr);
  else if (unsaid_) print(Clock::now());
}

void ProgressBar::begin(const ProgressReport& report, Clock::time_point now) {
  if (!terminal_ && unsaid_) print(now);
  what_ = report.what;
  unit_ = report.unit;
  first_ = report.done;
  began_ = now;
  printed_ = terminal_ ? Clock::time_point{} : now;
}

// What was done before the work began is no part of its pace. Before there is a pace, nothing is said of the time left.
std::string ProgressBar::line(Clock::time_point now) const {
  auto seconds = std::chrono::duration<double>(now - began_).count();
  auto rate = seconds > 0 && done_ > first_ ? static_cast<double>(done_ - first_) / seconds : 0;
  auto text = fmt::format("{} {} {}", what_, count(static_cast<double>(done_)), unit_);
  if (rate > 0) text += fmt::format(", {} {}/s", count(rate), unit_);
  if (!total_) return text;
  auto part = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
  auto left = static_cast<double>(total_ - std::min(total_, done_)) / std::max(rate, 1e-9);
  bool paced = rate > 0 && done_ < total_;
  auto time = paced ? fmt::format("{:.0f} s left", std::ceil(left)) : std::string();
  if (!terminal_) return fmt::format("{}, {:.0f} %{}", text, part * 100, paced ? ", " + time : "");
  auto filled = static_cast<int>(part * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
  return fmt::format("{} {:3.0f} %  {}{}", bar, part * 100, text, paced ? "  " + time : "");
}

void ProgressBar::print(Clock::time_point now) {
  std::fputs((terminal_ ? "\r\033[K" + line(now) : line(now) + "\n").c_str(), stderr);
  printed_ = now;
  unsaid_ = false;
}

void ProgressBar::show(const ProgressReport& report) {
  if (quiet_) return;
  auto now = Clock::now();
  if (what_ != report.what) begin(report, now);
  done_ = report.done;
  total_ = report.total;
  unsaid_ = true;
  bool whole = terminal_ && total_ && done_ >= total_;
  if (whole || now - printed_ >= (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine))) print(now);
}

}  // namespace rapport::cli
