#include "adapters/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

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
  if (drawn_) std::fputs("\r\033[K", stderr);
}

std::string ProgressBar::line(const ProgressReport& report, double seconds) const {
  auto rate = seconds > 0 ? static_cast<double>(report.done) / seconds : 0;
  auto text = fmt::format("{} {} {}, {} {}/s", report.what, count(static_cast<double>(report.done)), report.unit, count(rate), report.unit);
  if (!report.total) return text;
  auto part = std::min(1.0, static_cast<double>(report.done) / static_cast<double>(report.total));
  auto left = rate > 0 ? static_cast<double>(report.total - std::min(report.total, report.done)) / rate : 0;
  if (!terminal_) return fmt::format("{}, {:.0f} %, {:.0f} s left", text, part * 100, left);
  auto filled = static_cast<int>(part * kBarWidth);
  std::string bar;
  for (int i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
  return fmt::format("{} {:3.0f} %  {}  {:.0f} s left", bar, part * 100, text, left);
}

void ProgressBar::show(const ProgressReport& report) {
  if (quiet_) return;
  auto now = Clock::now();
  if (what_ != report.what) {
    what_ = report.what;
    began_ = now;
    shown_ = terminal_ ? Clock::time_point{} : now;
  }
  bool done = report.total && report.done >= report.total;
  if (now - shown_ < (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine)) && !(done && terminal_)) return;
  shown_ = now;
  auto text = line(report, std::chrono::duration<double>(now - began_).count());
  if (terminal_) std::fputs(("\r\033[K" + text).c_str(), stderr);
  else std::fputs((text + "\n").c_str(), stderr);
  drawn_ = terminal_;
}

}  // namespace rapport::cli
