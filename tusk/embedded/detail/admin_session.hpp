#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

/// A connection over the unix socket that can just do what setting up a server takes: find out that it
/// answers, run a statement, read the first column. Trust authentication only. This part stands below the
/// real client. Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol" (start-up, simple
/// query).
class admin_session {
public:
    /// From connecting to ReadyForQuery. `postmaster` is who has to listen there (0: anybody): another server
    /// may have the socket. Errors: `errc::connect_failed` when nobody or somebody else listens; the server's
    /// own; `errc::auth_unsupported`; `errc::timeout`.
    static result<admin_session> open(const std::filesystem::path& socket, pid_t postmaster,
                                      std::string_view user, std::string_view database, deadline until);

    /// Runs one statement; the first column of its rows as text, NULL as "".
    result<std::vector<std::string>> query(std::string_view sql, deadline until);

private:
    struct message {
        char type = 0;
        std::string body;
    };

    explicit admin_session(unique_fd fd) noexcept : fd_{std::move(fd)} {}

    failure start(std::string_view user, std::string_view database, deadline until);
    failure send(std::string_view bytes, deadline until);
    result<message> receive(deadline until);
    failure receive_exactly(char* into, std::size_t size, deadline until);

    unique_fd fd_;
};

/// The server is not there yet, or says that it is starting up: worth another try.
bool is_not_ready(const failure& problem);

} // namespace tusk::embedded::detail
