#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/embedded/detached.hpp>
#include <tusk/net/conninfo_environment.hpp>

namespace tusk::cli {

/// Where to listen: `--tcp [HOST:]PORT`.
struct tcp_address {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0; ///< 0 is any free one.

    friend bool operator==(const tcp_address&, const tcp_address&) = default;
};

/// "5433", "127.0.0.1:5433", "[::1]:5433"; nothing when it is none of these.
std::optional<tcp_address> parse_tcp_address(std::string_view text);

/// "work_mem=7MB"; nothing when there is no name or no equals sign.
std::optional<std::pair<std::string, std::string>> parse_setting(std::string_view text);

/// What `tusk db up` is asked for. What is not set may be as it is when the server runs already.
struct up_request {
    std::string name = "default";
    bool ephemeral = false;
    int version = 0;
    std::string data_dir; ///< Empty: `default_data_dir`.
    std::optional<std::uint16_t> port;
    std::optional<tcp_address> tcp;
    std::vector<std::pair<std::string, std::string>> settings;
    std::chrono::seconds timeout{60};
};

/// A server that runs and answers.
struct up_result {
    embedded::detached_server server;
    std::string tcp_url; ///< Empty when it does not listen on TCP.
    bool already_running = false;
};

/// Starts the server, or finds it when it runs already. Throws `problem`: usage when the request makes no
/// sense, connection when the server runs and does not answer, else failure (it runs in another way than
/// asked for, it does not start).
up_result bring_up(const up_request& wanted, const environment& variables);

/// The running server of that name. Throws `problem` when there is none.
embedded::detached_server find_running(const std::string& name);

/// Stops it; the data of an ephemeral server goes. Throws `problem`.
void take_down(const embedded::detached_server& server);

/// Where a persistent server keeps its data when nobody says: below $TUSK_DATA_DIR; for root below
/// `/var/lib/tusk/db`; else below `$XDG_DATA_HOME/tusk/db` or `~/.local/share/tusk/db`. Throws `problem` when
/// there is no home directory either.
std::filesystem::path default_data_dir(const std::string& name, bool is_root, const environment& variables);

} // namespace tusk::cli
