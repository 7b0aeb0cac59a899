#include <tusk/testing/detail/clone_store.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/detail/template_store.hpp>
#include <tusk/testing/test_server.hpp>

namespace tusk::testing::detail {

namespace {

/// What a process may leave to the next one (which sweeps) or to the end of an embedded server, so that its
/// own end does not wait for it.
constexpr std::size_t left_to_others = 8;
/// With more than that to drop, dropping goes before making.
constexpr std::size_t too_many_dropped = 16;

} // namespace

clone_store& clone_store::instance() {
    static auto* const only = [] {
        auto* const made = new clone_store;
        std::atexit([] { instance().end(); });
        return made;
    }();
    return *only;
}

clone_store::clone_store() : owner_{::getpid()} {
    administrator::instance(); // its lock first: nothing of ours is to look abandoned
    thread_ = std::thread{[this] { run(); }};
}

std::string clone_store::take(const std::string& from, const std::string& owner,
                              std::optional<unsigned> ready) {
    std::string found;
    {
        const std::lock_guard lock{mutex_};
        auto& at = shelves_[{from, owner}];
        at.wanted = ready.value_or(at.taken == 0 ? 0 : default_ready);
        at.broken = false;
        ++at.taken;
        if (!at.clones.empty()) {
            found = std::move(at.clones.front());
            at.clones.pop_front();
        }
    }
    changed_.notify_all();
    if (!found.empty()) return found;
    auto& administration = administrator::instance();
    found = administration.new_name();
    administration.with([&](blocking::connection& admin) { clone(admin, found, from, owner); });
    return found;
}

void clone_store::drop(std::string name) {
    {
        const std::lock_guard lock{mutex_};
        to_drop_.push_back(std::move(name));
    }
    changed_.notify_all();
}

void clone_store::forget(const std::string& from) {
    const std::lock_guard lock{mutex_};
    for (auto& [where, at] : shelves_) {
        if (where.first != from) continue;
        at.wanted = 0;
        for (auto& clone : at.clones) to_drop_.push_back(std::move(clone));
        at.clones.clear();
    }
    changed_.notify_all();
}

void clone_store::settle() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !busy_ && to_drop_.empty() && !next_to_fill(); });
}

std::optional<clone_store::source> clone_store::next_to_fill() const {
    for (const auto& [where, at] : shelves_)
        if (!at.broken && at.clones.size() < at.wanted) return where;
    return std::nullopt;
}

void clone_store::run() {
    std::unique_lock lock{mutex_};
    try {
        lock.unlock();
        connection_.emplace(blocking::connection::open(test_server::shared().url()));
        auto abandoned = abandoned_databases(*connection_);
        drop_old_templates(*connection_);
        lock.lock();
        abandoned_ = abandoned.size();
        for (auto& name : abandoned) to_drop_.push_front(std::move(name));
    } catch (const std::exception&) { // without its help the tests are slower, no more
        if (!lock.owns_lock()) lock.lock();
    }
    while (!ending_) {
        const bool idle = to_drop_.empty() && !next_to_fill();
        if (idle) {
            changed_.wait(lock);
            continue;
        }
        busy_ = true;
        work(lock);
        busy_ = false;
        changed_.notify_all();
    }
}

std::string clone_store::next_to_drop() {
    auto name = std::move(to_drop_.front());
    to_drop_.pop_front();
    if (abandoned_ > 0) --abandoned_;
    return name;
}

/// One thing that is to be done; the lock is given up meanwhile.
void clone_store::work(std::unique_lock<std::mutex>& lock) {
    const auto where = next_to_fill();
    const bool drops = !where || to_drop_.size() > too_many_dropped;
    std::string name;
    if (drops) name = next_to_drop();
    lock.unlock();
    failure problem;
    try {
        if (!connection_ || !connection_->is_open())
            connection_.emplace(blocking::connection::open(test_server::shared().url()));
        if (drops) {
            static_cast<void>(connection_->try_script("drop database if exists " + quote_identifier(name) +
                                                      " with (force)"));
        } else {
            name = administrator::instance().new_name();
            problem = try_clone(*connection_, name, where->first, where->second);
        }
    } catch (const error& e) {
        problem = e.as_failure();
    }
    lock.lock();
    if (drops) return;
    auto& at = shelves_[*where];
    if (problem)
        at.broken = true;
    else
        at.clones.push_back(std::move(name));
}

/// At the end of the process, not in a forked copy of it.
void clone_store::end() noexcept {
    if (::getpid() != owner_) return;
    {
        const std::lock_guard lock{mutex_};
        ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (auto& [where, at] : shelves_)
        for (auto& clone : at.clones) to_drop_.push_back(std::move(clone));
    shelves_.clear();
    const auto left = test_server::shared().is_embedded() ? left_to_others : 0;
    try {
        // What was found is not handed on, or it might never go.
        while (to_drop_.size() > left || abandoned_ > 0) {
            if (!connection_ || !connection_->is_open()) return;
            static_cast<void>(connection_->try_script("drop database if exists " +
                                                      quote_identifier(next_to_drop()) + " with (force)"));
        }
    } catch (const std::exception&) { // the server is gone, and they with it
    }
}

} // namespace tusk::testing::detail
