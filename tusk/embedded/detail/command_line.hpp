#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/server_options.hpp>

namespace tusk::embedded::detail {

/// What is decided at the start of a server, besides its options.
struct decided {
    std::filesystem::path data_dir;
    std::filesystem::path socket_dir;
    std::uint16_t port = 0;
    bool data_in_memory = false;
};

/// `postgres -D … -c …`; the settings of the options come last, so that they win.
std::vector<std::string> postmaster_command(const binaries& programs, const server_options& options,
                                            const decided& where);

/// Arguments of initdb that the options ask for.
std::vector<std::string> initdb_arguments(const server_options& options);

/// `postgres://user@/database?host=…[&port=…]`; libpq and Tusk read it.
std::string socket_url(const server_options& options, const decided& where);
/// `postgres://user@host:port/database`; empty without TCP. Listening on all addresses gives the loopback
/// one.
std::string tcp_url(const server_options& options, const decided& where);

} // namespace tusk::embedded::detail
