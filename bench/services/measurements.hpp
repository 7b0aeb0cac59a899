#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "report.hpp"
#include "scene.hpp"

namespace bench_services {

/// How much is done.
struct scale {
    std::chrono::milliseconds ingest{20'000};
    std::uint64_t senders = 4;
    std::uint64_t clients = 1000;
    std::uint64_t events_per_second = 200;
    std::chrono::milliseconds fanout{20'000};
    std::uint64_t rows = 10'000'000;
    std::uint64_t queries = 100; ///< Of each kind.
    std::uint64_t restarts = 10;
};

/// Bodies of 100 alerts from several senders, each as soon as the one before is answered. `next` is the
/// number of the first alert, and of the one after the last.
void measure_ingest(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to);
/// Every event to every WebSocket, from before the body is sent until the frame is there.
void measure_fanout(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to);
/// Bodies while PostgreSQL is restarted; a sender repeats what was not acknowledged, as Alertmanager does.
void measure_restarts(scene& on, const scale& how, std::uint64_t& next, std::vector<finding>& to);
/// Pages of the history by every filter. Replaces what the tables hold.
void measure_history(scene& on, const scale& how, std::vector<finding>& to);

} // namespace bench_services
