#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/embedded/binaries.hpp>

namespace tusk::embedded::detail {

/// Where the search for server programs begins.
struct search_context {
    std::optional<std::string> pg_bin;  ///< $TUSK_PG_BIN
    std::optional<std::string> path;    ///< $PATH
    std::optional<std::string> pg_dirs; ///< $TUSK_PG_DIRS
    std::filesystem::path system_dir = "/usr/lib/postgresql";
    std::filesystem::path program_dir; ///< The directory of the running program.

    static search_context from_environment();
};

/// A directory that may hold the programs.
struct candidate {
    std::filesystem::path dir;
    int expected_major = 0; ///< From a path `…/<major>/bin`; 0 when the path says nothing.
    bool demanded = false;  ///< Named by the user: it is an error when no server is there.
};

/// One place of the search with its candidates, and how an error names it.
struct place {
    std::string name;
    std::vector<candidate> candidates;
};

/// All places, in the order of the search.
std::vector<place> places_of(const search_context& context);

result<binaries> find_in(const search_context& context, const find_options& options);
std::vector<binaries> list_in(const search_context& context);

/// "postgres (PostgreSQL) 15.18 (Debian …)" gives 15 and "15.18"; "17beta1" gives 17.
struct server_version {
    int major = 0;
    std::string text;
};
std::optional<server_version> parse_version(std::string_view printed);

} // namespace tusk::embedded::detail
