// Preloaded into a program: its wall clock is off by the microseconds in the file that RAPPORT_TEST_CLOCK names, which may change
// while it runs. Monotonic clocks are left alone, as when somebody sets the clock of a machine.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t offset_ns() {
  static const volatile std::int64_t* const file = [] {
    const char* path = std::getenv("RAPPORT_TEST_CLOCK");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void* at = fd < 0 ? MAP_FAILED : mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(at);
  }();
  return file ? *file * 1'000 : 0;
}

timespec shifted(const timespec& time, std::int64_t by_ns) {
  auto ns = time.tv_sec * kSecond + time.tv_nsec + by_ns;
  return {ns / kSecond, ns % kSecond};
}

template <class Function>
Function* next(const char* name, const char* version) {
  auto* found = dlvsym(RTLD_NEXT, name, version);
  return reinterpret_cast<Function*>(found ? found : dlsym(RTLD_NEXT, name));
}

bool of_the_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime", "GLIBC_2.17");
  const int done = real(clock, time);
  if (done == 0 && of_the_wall(clock)) *time = shifted(*time, offset_ns());
  return done;
}
int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  const int done = clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1'000};
  return done;
}
time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into) *into = now.tv_sec;
  return now.tv_sec;
}
int timespec_get(timespec* time, int base) noexcept { return clock_gettime(CLOCK_REALTIME, time) ? 0 : base; }

// Deadlines are of the shifted clock, the kernel knows its own.
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  static auto* const real = next<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait", "GLIBC_2.3.2");
  const auto at = shifted(*until, -offset_ns());
  return real(condition, mutex, &at);
}
// librdkafka waits by this one, which does not ask for the other.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  static auto* const real = next<int(cnd_t*, mtx_t*, const timespec*)>("cnd_timedwait", "GLIBC_2.34");
  const auto at = shifted(*until, -offset_ns());
  return real(condition, mutex, &at);
}

}  // extern "C"
