#pragma once

#include <functional>
#include <mutex>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/common.hpp>
#include <services/alerthist/inhibitor.hpp>
#include <services/alerthist/policy_store.hpp>

namespace tusk::alerthist {

/// The policy in force and the alerts that inhibit others. Safe from several threads.
class policy_keeper {
public:
    policy_keeper(policy_store& from, alerthist::log& problems) noexcept : store_{from}, log_{problems} {}

    /// Null until the first `reload`.
    policy_ptr current() const {
        const std::lock_guard lock{mutex_};
        return current_;
    }
    /// Reads everything anew. Throws `tusk::error`; the old policy stays in force then.
    boost::asio::awaitable<void> reload();

    alerthist::inhibitor& inhibitor() noexcept { return inhibitor_; }

private:
    policy_store& store_;
    alerthist::log& log_;
    mutable std::mutex mutex_;
    policy_ptr current_; // guarded by mutex_
    alerthist::inhibitor inhibitor_;
};

} // namespace tusk::alerthist
