#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// A data directory as `initdb` makes it. Making one takes a second, copying one some hundredths: each kind
/// is made once per account and kept in the cache directory.
class golden {
public:
    /// `initdb_arguments` come after the fixed ones. `who` runs initdb, `scratch_base` is where it may work.
    golden(const binaries& programs, const identity& who, std::filesystem::path scratch_base,
           std::vector<std::string> initdb_arguments);

    /// Puts a copy that belongs to `who` into `target`, which must be absent or empty; makes the golden
    /// directory first when there is none or when files of it are missing. Several processes may do so at
    /// once.
    failure install(const std::filesystem::path& target) const;

    /// The name of the cache entry: version, uid, hash of everything that changes the content.
    std::string key() const;

private:
    failure build(const std::filesystem::path& cache) const;
    failure build_if_damaged(const std::filesystem::path& cache) const;
    failure run_initdb(const std::filesystem::path& data_dir) const;

    const binaries& programs_;
    const identity& who_;
    std::filesystem::path scratch_base_;
    std::vector<std::string> arguments_;
};

} // namespace tusk::embedded::detail
