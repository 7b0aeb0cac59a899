#pragma once

#include <filesystem>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>
#include <tusk/embedded/detail/posix.hpp>

namespace tusk::embedded::detail {

/// A new directory `<base>/tusk-XXXXXX` that belongs to `who` and is removed at the end. It holds a locked
/// file as long as its user lives, so that what a crash leaves behind can be told from what is in use.
class scratch {
public:
    scratch() noexcept = default;
    scratch(scratch&& other) noexcept;
    scratch& operator=(scratch&& other) noexcept;
    ~scratch() { remove(); }

    /// With `keep_after_exit` there is no lock and `sweep` leaves the directory alone.
    static result<scratch> make(const std::filesystem::path& base, const identity& who,
                                bool keep_after_exit = false);

    const std::filesystem::path& path() const noexcept { return path_; }
    int lock() const noexcept { return lock_.get(); }
    void remove() noexcept;
    /// The directory is no longer ours to remove.
    void release() noexcept { path_.clear(); }

private:
    std::filesystem::path path_;
    unique_fd lock_;
};

/// Removes the scratch directories of dead processes of this account (or `who`) in `base`.
void sweep(const std::filesystem::path& base, const identity& who);

} // namespace tusk::embedded::detail
