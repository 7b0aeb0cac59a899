#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <bench/measure.hpp>

namespace bench {

/// One run of a workload.
struct job {
    std::string url;
    std::uint64_t n = 0;         ///< Queries, rows, acquires or connects.
    std::optional<unsigned> pin; ///< CPU for this process and the server's process.
    measurement& clock;
};

/// The answers were not what the tables hold.
class wrong_answer : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Does the work, checks the answers and returns how many operations were done in the timed section.
using workload_function = std::uint64_t (*)(job&);

struct workload {
    std::string_view name;
    std::string_view peer;
    workload_function run;
    std::uint64_t default_n;
    bool one_connection; ///< `--pin` needs to know whom to pin.
    std::string_view what;
};

/// One line of JSON for a run, as every peer prints it.
std::string to_json(std::string_view workload, std::string_view peer, const job& j, std::uint64_t ops);

std::span<const workload> tusk_workloads();
std::span<const workload> libpq_workloads(); ///< Empty when built without libpq.
std::span<const workload> floor_workloads();

/// Puts this process and the process `backend` of a server on this machine on one CPU. Throws
/// std::runtime_error.
void pin_together(unsigned cpu, int backend);

/// Throws `wrong_answer` unless bench_copy has the rows 1 to `rows`; empties it. Throws `tusk::error`.
void check_copied(const std::string& url, std::uint64_t rows);

/// For a throwaway server on this machine alone: makes a user who has to log in by SCRAM over TCP, and
/// replaces the server's rules of access. Returns the user and the password, as a URL has them. Throws
/// `tusk::error`.
std::string make_scram_user(const std::string& url);

/// Makes the tables unless they are complete; says what it did. Throws `tusk::error`.
std::string prepare(const std::string& url);

inline constexpr unsigned pool_workers = 64;
inline constexpr unsigned pool_connections = 20;

} // namespace bench
