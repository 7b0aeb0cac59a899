#pragma once

#include <cstdint>
#include <string>

namespace bench_services {

/// How many alerts there are; each fires again and again.
inline constexpr std::uint64_t distinct_alerts = 10'000;

/// A webhook body of `count` alerts as Alertmanager 0.25 writes it, each a new event: those with the numbers
/// from `first` on, told by the annotation "number". The same numbers make the same body.
std::string webhook_body(std::uint64_t first, std::uint64_t count);

} // namespace bench_services
