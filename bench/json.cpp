#include <fmt/format.h>

#include <bench/workload.hpp>

namespace bench {

std::string to_json(std::string_view workload, std::string_view peer, const job& j, std::uint64_t ops) {
    const auto& s = j.clock.taken();
    auto out =
        fmt::format("{{\"workload\":\"{}\",\"peer\":\"{}\",\"ops\":{},\"wall_s\":{:.6f},\"user_s\":{:.6f},"
                    "\"sys_s\":{:.6f},\"peak_rss_kb\":{},\"pinned\":{}",
                    workload, peer, ops, s.wall_s, s.user_s, s.sys_s, peak_rss_kb(), j.pin.has_value());
    if (j.clock.counts_allocations())
        out += fmt::format(",\"allocations\":{},\"allocated_bytes\":{}", s.allocations, s.allocated_bytes);
    if (const auto& l = j.clock.latency())
        out += fmt::format(",\"p50_us\":{:.1f},\"p99_us\":{:.1f}", l->p50_us, l->p99_us);
    return out + "}";
}

} // namespace bench
