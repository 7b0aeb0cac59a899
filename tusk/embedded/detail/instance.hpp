#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tusk/core/deadline.hpp>
#include <tusk/core/error.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/detail/admin_session.hpp>
#include <tusk/embedded/detail/command_line.hpp>
#include <tusk/embedded/detail/golden.hpp>
#include <tusk/embedded/detail/identity.hpp>
#include <tusk/embedded/detail/keeper.hpp>
#include <tusk/embedded/detail/registry.hpp>
#include <tusk/embedded/detail/scratch.hpp>
#include <tusk/embedded/server_options.hpp>

namespace tusk::embedded::detail {

/// What makes a server a shared one.
struct sharing {
    std::filesystem::path lease; ///< Users hold (shared) locks of this file.
    std::chrono::milliseconds linger{0};
    std::filesystem::path record; ///< The registration.
    std::filesystem::path kept;   ///< See `keeper_plan::kept`.
};

/// What is behind a `server`: its directories, its keeper, its postmaster.
class instance {
public:
    explicit instance(const server_options& options);
    instance(const instance&) = delete;
    instance& operator=(const instance&) = delete;
    ~instance();

    /// The first start; or finding the detached server that runs already.
    failure open();
    /// A server that others may use too: its registration is written, and the end of this process is not its
    /// end. The options are of an ephemeral server.
    failure open_shared(const sharing& how);
    failure stop(stop_mode mode, deadline until);
    failure start_again();
    failure restart(stop_mode mode);
    failure kill9();
    bool is_running_until(deadline until);

    const decided& where() const noexcept { return where_; }
    const std::string& url() const noexcept { return url_; }
    const std::string& tcp_url() const noexcept { return tcp_url_; }
    const std::filesystem::path& log_file() const noexcept { return log_file_; }
    const binaries& programs() const noexcept { return programs_; }
    pid_t pid() const noexcept { return pid_; }
    /// The certificate that clients trust; empty without TLS.
    const std::filesystem::path& ca_file() const noexcept { return ca_file_; }
    /// The port that the server listens on is kept when it starts again.
    const server_options& options() const noexcept { return options_; }

private:
    failure open_detached();
    failure adopt(const registration& found);
    failure prepare();
    failure make_data(const golden& source);
    failure prepare_socket_dir();
    failure start_on_a_port();
    failure start();
    failure start_detached(const registry_entry& entry);
    std::vector<std::filesystem::path> removed_dirs() const;
    failure launch_keeper();
    failure wait_until_ready();
    std::string port_taken() const;
    failure create_role_and_database(admin_session& session, deadline until);
    failure register_and_detach(const registry_entry& entry);
    registration describe() const;
    failure prepare_tls();
    failure run_init_scripts(deadline until);
    failure with_log(failure problem) const;
    void send(int signal);

    server_options options_;
    pid_t owner_;
    identity who_;
    binaries programs_;
    decided where_;
    std::string url_;
    std::string tcp_url_;
    std::filesystem::path log_file_;
    std::optional<scratch> run_dir_;     ///< Data, log and socket of an ephemeral server.
    std::optional<scratch> socket_home_; ///< The socket, when it has no other place.
    std::vector<std::filesystem::path>
        adopted_dirs_; ///< The same of a detached server that was found running.
    std::optional<keeper> keeper_;
    pid_t pid_ = 0;
    std::optional<std::uint64_t> start_time_;
    bool detached_ = false;
    bool fresh_ = false; ///< The data directory was made by this object: init scripts are due.
    std::filesystem::path ca_file_;
    std::optional<sharing> sharing_;
    bool shared_ = false; ///< Registered: others may use it.
};

} // namespace tusk::embedded::detail
