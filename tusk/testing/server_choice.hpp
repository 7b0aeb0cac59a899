#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tusk/core/error.hpp>

namespace tusk::testing {

/// Where the server of the tests comes from.
enum class server_kind : std::uint8_t {
    embedded, ///< Local binaries; shared by the processes of the run.
    own,      ///< Local binaries; a server of this process's own.
    url,      ///< A server that somebody else runs.
    docker,   ///< A container, by the `docker` program.
};

/// What `TUSK_TEST_SERVER` says:
///
/// | `TUSK_TEST_SERVER` | |
/// | --- | --- |
/// | unset, `embedded`, `embedded:17` | local binaries (of that major version), one server for the run |
/// | `private`, `private:17` | the same, one server for each process |
/// | `embedded+tcp`, `private:17+tcp` | and their URL leads to a port of 127.0.0.1 |
/// | `url` | the server of `DATABASE_URL` |
/// | `postgres://…` | that server |
/// | `docker`, `docker:postgres:16-alpine` | a container of that image; `postgres:16-alpine` when none is
/// named |
///
/// Unset and with `TUSK_TEST_URL`: that server.
class server_choice {
public:
    server_kind kind = server_kind::embedded;
    int version = 0;  ///< Of embedded servers; 0 is any.
    bool tcp = false; ///< Embedded servers: reached over TCP, for clients that do not know unix sockets.
    std::string url;
    std::string image;

    /// Errors: `errc::invalid_configuration` that says what can be chosen.
    static result<server_choice> parse(std::string_view text, std::string_view database_url = {});
    /// From `TUSK_TEST_SERVER`, `TUSK_TEST_URL` and `DATABASE_URL`.
    static result<server_choice> from_environment();
};

} // namespace tusk::testing
