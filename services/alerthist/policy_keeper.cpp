#include <services/alerthist/policy_keeper.hpp>

namespace tusk::alerthist {

boost::asio::awaitable<void> policy_keeper::reload() {
    auto loaded = co_await store_.load();
    for (const auto& problem : loaded.problems) {
        log_fields fields;
        log_.warn("a rule cannot be read and is left out", fields.add("error", problem));
    }
    if (!loaded.value->inhibitions.empty()) {
        const auto firing = co_await store_.firing();
        inhibitor_.reset(*loaded.value, firing);
    }
    const std::lock_guard lock{mutex_};
    // Of two that were read at the same time the later one stays.
    if (!current_ || current_->generation < loaded.value->generation) current_ = std::move(loaded.value);
}

} // namespace tusk::alerthist
