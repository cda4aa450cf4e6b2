/* Moves the wall clock of one process, preloaded into it. Time that only grows is left alone. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, which, now);
    const char *moved = getenv("LYCEUM_TEST_CLOCK_MOVED_BY_SECONDS");
    if (failed == 0 && which == CLOCK_REALTIME && moved != NULL) {
        now->tv_sec += atol(moved);
    }
    return failed;
}
