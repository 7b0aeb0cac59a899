#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/alertmanager.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/cursor.hpp>
#include <tusk/pool/pool.hpp>
#include <tusk/types/json.hpp>

namespace tusk::alerthist {

/// A row of `alerts`: the current state.
struct alert_row {
    std::string fingerprint;
    std::string alert_name;
    std::string status;
    json_text labels;
    json_text annotations;
    instant starts_at;
    std::optional<instant> ends_at;
    std::string generator_url;
    std::string receiver;
    std::string group_key;
    instant created_at; ///< When it was first heard of.
    instant updated_at; ///< When this state was last heard of.
};

/// A row of `alert_events`: one change of state.
struct event_row {
    std::int64_t id = 0;
    std::string fingerprint;
    std::string status;
    json_text labels;
    json_text annotations;
    instant starts_at;
    std::optional<instant> ends_at;
    std::string generator_url;
    std::string receiver;
    std::string group_key;
    instant happened_at; ///< The start of a firing, the end of a resolved alert.
    instant received_at;
};

/// Alerts as columns, which is how one statement takes them all.
class alert_columns {
public:
    void reserve(std::size_t count);
    void add(const alert& one);
    std::size_t size() const noexcept { return fingerprints.size(); }

    std::vector<std::string> fingerprints;
    std::vector<std::string_view> statuses;
    std::vector<json_text> labels;
    std::vector<json_text> annotations;
    std::vector<instant> starts;
    std::vector<std::optional<instant>> ends;
    std::vector<std::string> generator_urls;
};

/// What one body changes. Each list has each key once and is sorted by fingerprint, so that two bodies at a
/// time lock the rows in the same order.
struct alert_batch {
    std::string receiver;
    std::string group_key;
    alert_columns states; ///< One row a fingerprint.
    alert_columns events; ///< One row a fingerprint, status and start.
};

/// Which alerts to list.
struct alert_filter {
    std::optional<alert_status> status;
    label_set labels; ///< Each must be there with this value.
    std::optional<instant> from;
    std::optional<instant> to; ///< Both bounds are those of the start, inclusive.
};

template <class Row, class Cursor>
struct page {
    std::vector<Row> rows;
    std::optional<Cursor> next; ///< Absent on the last page.
};
using alert_page = page<alert_row, alert_cursor>;
using event_page = page<event_row, event_cursor>;

/// The SQL of the service. All members throw `tusk::error`; what they are given must outlive the call.
class store {
public:
    explicit store(pool& on) noexcept : pool_{&on} {}

    /// In one transaction: brings the states forward, never back, and adds the events that are not there yet.
    /// Returns how many were added. Doing it twice changes nothing but `updated_at`.
    boost::asio::awaitable<std::uint64_t> save(const alert_batch& what);

    /// The latest start first.
    boost::asio::awaitable<alert_page> list(const alert_filter& filter,
                                            const std::optional<alert_cursor>& after, std::int64_t limit);
    boost::asio::awaitable<std::optional<alert_row>> find(std::string_view fingerprint);
    /// The newest first.
    boost::asio::awaitable<event_page> events(std::string_view fingerprint,
                                              const std::optional<event_cursor>& after, std::int64_t limit);

private:
    pool* pool_;
};

} // namespace tusk::alerthist
