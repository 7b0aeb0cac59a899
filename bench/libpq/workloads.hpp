#pragma once

#include <bench/workload.hpp>

namespace bench::with_libpq {

std::uint64_t point(job& j);
std::uint64_t batch(job& j);
std::uint64_t pool(job& j);
std::uint64_t rows(job& j);
std::uint64_t rows_structs(job& j);
std::uint64_t copy_in(job& j);
std::uint64_t copy_in_rows(job& j);
std::uint64_t acquire(job& j);
std::uint64_t acquire_64(job& j);
std::uint64_t connect(job& j);
std::uint64_t connect_pool(job& j);
std::uint64_t insert(job& j);
std::uint64_t page(job& j);
std::uint64_t insert_one(job& j);
std::uint64_t insert_page(job& j);

} // namespace bench::with_libpq
