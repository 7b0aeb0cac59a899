#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <tusk/client/blocking.hpp>

namespace tusk::testing::detail {

/// A thread with a connection of its own that makes clones before they are asked for and drops databases
/// that nobody waits for.
class clone_store {
public:
    /// One per process; its thread ends with the process.
    static clone_store& instance();

    /// A clone of the template: a ready one, or made now. `ready` is how many to keep ready from now on;
    /// nothing: none at the first call, then `default_ready`. Throws `tusk::error`.
    std::string take(const std::string& from, const std::string& owner, std::optional<unsigned> ready);
    /// Drops it, soon.
    void drop(std::string name);
    /// Waits until nothing is left to do: clones are ready, what is to be dropped is gone.
    void settle();
    /// The prefetched clones of a template that is to go.
    void forget(const std::string& from);

    static constexpr unsigned default_ready = 2;

private:
    struct shelf {
        std::deque<std::string> clones;
        unsigned wanted = 0;
        unsigned taken = 0;
        bool broken = false; ///< Could not be made: the next `take` says why.
    };
    using source = std::pair<std::string, std::string>; ///< Template and owner.

    clone_store();
    void run();
    void work(std::unique_lock<std::mutex>& lock);
    std::optional<source> next_to_fill() const;
    std::string next_to_drop();
    void end() noexcept;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<source, shelf> shelves_;
    std::deque<std::string> to_drop_;
    std::size_t abandoned_ = 0; ///< So many at the front are others'.
    bool busy_ = false;
    bool ending_ = false;
    pid_t owner_;
    std::optional<blocking::connection> connection_;
    std::thread thread_;
};

} // namespace tusk::testing::detail
