#pragma once

#include <bench/workload.hpp>

namespace bench {

/// The program of a peer in C++: `run WORKLOAD --url URL [--n N] [--pin CPU]`, one line of JSON. Exit code 2
/// for a workload that the peer does not have, 1 for a failure.
int peer_main(int argc, char** argv, std::string_view peer, std::span<const workload> all);

} // namespace bench
