#pragma once

#include <bench/workload.hpp>

namespace bench::raw {

std::uint64_t copy_in(job& j);
std::uint64_t insert(job& j);

} // namespace bench::raw
