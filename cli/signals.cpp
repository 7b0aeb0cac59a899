#include <cli/signals.hpp>

namespace tusk::cli {

namespace {

sigset_t ending_signals() {
    sigset_t out;
    sigemptyset(&out);
    sigaddset(&out, SIGINT);
    sigaddset(&out, SIGTERM);
    sigaddset(&out, SIGUSR2); // wakes the waiting thread up at the end
    return out;
}

} // namespace

stop_on_signal::stop_on_signal() {
    const auto set = ending_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, &old_); // threads made from now on inherit it
    waiting_ = std::jthread{[this] { wait(); }};
}

stop_on_signal::~stop_on_signal() {
    ::pthread_kill(waiting_.native_handle(), SIGUSR2);
    waiting_.join();
    ::pthread_sigmask(SIG_SETMASK, &old_, nullptr);
}

void stop_on_signal::wait() {
    const auto set = ending_signals();
    for (int got = 0; ::sigwait(&set, &got) == 0 && got != SIGUSR2;) {
        if (received_ != 0) { // the second one: as if nobody waited for it
            sigset_t one;
            sigemptyset(&one);
            sigaddset(&one, got);
            ::signal(got, SIG_DFL);
            ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
            ::raise(got);
        }
        received_ = got;
        stop_.request_stop();
    }
}

} // namespace tusk::cli
