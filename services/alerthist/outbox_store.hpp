#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/store.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// An entry of the outbox that this process has claimed, with its event.
struct claimed_entry {
    std::int64_t entry = 0;
    std::int32_t attempts = 0; ///< This one included.
    event_row event;
};

/// What became of attempts to deliver.
class delivery_results {
public:
    void delivered(std::int64_t entry) { delivered_.push_back(entry); }
    void again(std::int64_t entry, std::chrono::milliseconds after, int status, std::string why);
    void dead(std::int64_t entry, int status, std::string why);
    bool empty() const noexcept { return delivered_.empty() && again_.empty() && dead_.empty(); }

private:
    friend class outbox_store;
    std::vector<std::int64_t> delivered_;
    std::vector<std::int64_t> again_;
    std::vector<double> after_; ///< Seconds.
    std::vector<std::int32_t> again_statuses_;
    std::vector<std::string> again_errors_;
    std::vector<std::int64_t> dead_;
    std::vector<std::int32_t> dead_statuses_;
    std::vector<std::string> dead_errors_;
};

struct target_queue {
    std::int64_t id = 0;
    std::string name;
    std::string format;
    bool enabled = true;
    std::int64_t pending = 0;
    std::int64_t in_flight = 0;
    std::int64_t retrying = 0;
    std::int64_t dead = 0;
    std::int64_t delivered = 0;
    std::int64_t failed = 0;
    std::optional<instant> last_delivered_at;
    std::optional<instant> last_error_at;
    std::string last_error;
    std::optional<double> oldest_seconds;
};

struct dead_letter_row {
    std::int64_t id = 0;
    std::int64_t event_id = 0;
    std::int64_t target_id = 0;
    std::string target;
    std::string fingerprint;
    std::string alert_name;
    std::string status;
    std::int32_t attempts = 0;
    std::optional<std::int32_t> http_status;
    std::string error;
    instant failed_at;
};

/// The outbox: entries are written with their events, claimed by whoever is free, and gone when they are
/// delivered or dead. A claim ends by itself, so that nothing is lost with the process that had it. Members
/// throw `tusk::error`.
class outbox_store {
public:
    explicit outbox_store(pool& on) noexcept : pool_{&on} {}

    /// The most urgent entries that are due, for `hold` at most. Nobody else gets them in that time.
    boost::asio::awaitable<std::vector<claimed_entry>> claim(std::int64_t target, std::int64_t limit,
                                                             std::chrono::seconds hold);
    /// Takes what was delivered out and puts the rest where it belongs, in one transaction.
    boost::asio::awaitable<void> settle(std::int64_t target, const delivery_results& what);
    /// How long until the next entry of this target is due; nothing when there is none.
    boost::asio::awaitable<std::optional<std::chrono::milliseconds>> next_due(std::int64_t target);

    boost::asio::awaitable<std::vector<target_queue>> state();
    /// The newest first; `before` is an identifier.
    boost::asio::awaitable<std::vector<dead_letter_row>>
    dead_letters(std::optional<std::int64_t> target, std::optional<std::int64_t> before, std::int64_t limit);
    /// Back into the outbox; returns how many.
    boost::asio::awaitable<std::int64_t> replay(std::optional<std::int64_t> letter,
                                                std::optional<std::int64_t> target);
    boost::asio::awaitable<bool> forget(std::int64_t letter);

private:
    static boost::asio::awaitable<void> settle_in(transaction& tx, std::int64_t target,
                                                  const delivery_results& what);
    pool* pool_;
};

std::string to_json(const dead_letter_row& row);

} // namespace tusk::alerthist
