#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <tusk/client/blocking.hpp>

namespace tusk::testing::detail {

/// The connection that creates and drops databases, used under its mutex. It holds the lock that says that
/// this process lives: a database whose owner has no lock may be dropped by anybody, on whatever machine the
/// owner was.
class administrator {
public:
    /// One per process; never destroyed, so that a forked copy ends nothing.
    static administrator& instance();

    template <class F>
    auto with(F f) {
        const std::lock_guard lock{mutex_};
        return f(connected());
    }

    /// Eight hexadecimal digits that name this process on the server; `TUSK_TEST_OWNER` when that is set,
    /// whose process holds the lock then.
    const std::string& owner() const noexcept { return owner_; }
    /// A name for a new database: `tusk_t_<owner>_<pid>_<n>`.
    std::string new_name();

private:
    administrator();
    blocking::connection& connected();

    std::mutex mutex_;
    std::string owner_;
    bool holds_lock_ = true;
    blocking::connection connection_;
};

/// The key of the owners' locks; the second half is the owner.
constexpr std::int32_t owner_lock = 0x7475736b; // "tusk"

/// Takes the lock of an owner for as long as the connection lives.
void hold_owner_lock(blocking::connection& on, const std::string& owner);
std::string new_owner();

/// The databases of owners that are gone, and those that were kept more than a day ago.
std::vector<std::string> abandoned_databases(blocking::connection& on);
/// Templates that nobody used for two weeks are dropped.
void drop_old_templates(blocking::connection& on);

/// `"name"`, quotes doubled.
std::string quote_identifier(std::string_view identifier);
/// `'text'`, quotes doubled.
std::string quote_text(std::string_view text);

} // namespace tusk::testing::detail
