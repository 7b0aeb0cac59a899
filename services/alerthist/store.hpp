#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/alertmanager.hpp>
#include <services/alerthist/common.hpp>
#include <services/alerthist/cursor.hpp>
#include <services/alerthist/policy.hpp>
#include <tusk/pool/pool.hpp>
#include <tusk/types/json.hpp>

namespace tusk::alerthist {

/// A row of `alerts`: the current state.
struct alert_row {
    std::string fingerprint;
    std::string alert_name;
    std::string status;
    std::string severity;
    std::string space; ///< The label namespace.
    json_text labels;
    json_text annotations;
    instant starts_at;
    std::optional<instant> ends_at;
    std::string generator_url;
    std::string receiver;
    std::string group_key;
    std::optional<json_text> classification;
    std::string outcome;
    std::string outcome_reason;
    instant created_at; ///< When it was first heard of.
    instant updated_at; ///< When this state was last heard of.
};

/// A row of `alert_events`: one change of state.
struct event_row {
    std::int64_t id = 0;
    std::string fingerprint;
    std::string alert_name;
    std::string status;
    std::string severity;
    std::string space;
    json_text labels;
    json_text annotations;
    instant starts_at;
    std::optional<instant> ends_at;
    std::string generator_url;
    std::string receiver;
    std::string group_key;
    std::optional<json_text> classification;
    std::string outcome;
    std::string outcome_reason;
    bool is_first = false; ///< The alert was not known before.
    instant happened_at;   ///< The start of a firing, the end of a resolved alert.
    instant received_at;
};

std::string to_json(const alert_row& row);
std::string to_json(const event_row& row);

/// The columns of an `event_row`; `e` is the table's name in the query.
std::string event_columns(std::string_view e);

/// What the pipeline thinks of an alert.
struct judgement {
    std::optional<classification> verdict;
    decision made;
};

/// Alerts as columns, which is how one statement takes them all.
class alert_columns {
public:
    void reserve(std::size_t count);
    void add(const alert& one, const judgement& thought = {});
    std::size_t size() const noexcept { return fingerprints.size(); }

    std::vector<std::string> fingerprints;
    std::vector<std::string_view> statuses;
    std::vector<json_text> labels;
    std::vector<json_text> annotations;
    std::vector<instant> starts;
    std::vector<std::optional<instant>> ends;
    std::vector<std::string> generator_urls;
    std::vector<std::optional<json_text>> classifications;
    std::vector<std::string> outcomes;
    std::vector<std::string> reasons;
};

/// What is to be published, as columns.
struct publication_columns {
    std::vector<std::int32_t> events; ///< Places in the columns of the events, from 1.
    std::vector<std::int64_t> targets;
    std::vector<std::int16_t> priorities;
    std::vector<std::int32_t> delays; ///< Seconds.
};

/// What one body changes. Each list has each key once and is sorted by fingerprint, so that two bodies at a
/// time lock the rows in the same order.
struct alert_batch {
    std::string receiver;
    std::string group_key;
    alert_columns states; ///< One row a fingerprint.
    alert_columns events; ///< One row a fingerprint, status and start.
    publication_columns publications;
};

/// Which alerts or events to list.
struct alert_filter {
    std::optional<alert_status> status;
    label_set labels; ///< Each must be there with this value.
    std::optional<std::string> outcome;
    /// Occurs in the alert's labels or annotations, in whatever case; of what the other conditions leave only
    /// the latest `most_searched` are looked at.
    std::optional<std::string> text;
    std::optional<instant> from;
    std::optional<instant>
        to; ///< Both bounds are inclusive: of the start of alerts, of `happened_at` of events.
};

/// No index knows what occurs inside a text (one of trigrams would cost more than all of ingest), so that the
/// search has a bound.
inline constexpr std::int64_t most_searched = 100'000;

template <class Row, class Cursor>
struct page {
    std::vector<Row> rows;
    std::optional<Cursor> next; ///< Absent on the last page.
};
using alert_page = page<alert_row, alert_cursor>;
using event_page = page<event_row, event_cursor>;

/// How many alerts there are.
struct alert_counts {
    std::int64_t total = 0;
    std::int64_t firing = 0;
    std::int64_t resolved = 0;
};

/// What is told on `event_channel` with the commit: "12-40", the first and last identifier of new events;
/// nothing else was committed in between. On `outbox_channel`: nothing but that there is something to do.
inline constexpr std::string_view event_channel = "alerthist_events";
inline constexpr std::string_view outbox_channel = "alerthist_outbox";

/// The SQL of alerts and events. All members throw `tusk::error`; what they are given must outlive the call.
class store {
public:
    explicit store(pool& on) noexcept : pool_{&on} {}

    /// In one transaction: brings the states forward, never back, adds the events that are not there yet, and
    /// puts what is to be published into the outbox. Returns how many events were added. Doing it twice
    /// changes nothing but `updated_at`.
    boost::asio::awaitable<std::uint64_t> save(const alert_batch& what);

    /// The latest start first.
    boost::asio::awaitable<alert_page> list(const alert_filter& filter,
                                            const std::optional<alert_cursor>& after, std::int64_t limit);
    boost::asio::awaitable<std::optional<alert_row>> find(std::string_view fingerprint);
    /// The newest first.
    boost::asio::awaitable<event_page> events(std::string_view fingerprint,
                                              const std::optional<event_cursor>& after, std::int64_t limit);
    /// Of all alerts, the newest first.
    boost::asio::awaitable<event_page> history(const alert_filter& filter,
                                               const std::optional<event_cursor>& after, std::int64_t limit);
    /// In the order of their identifiers, which is the order of their commits.
    boost::asio::awaitable<std::vector<event_row>> events_after(std::int64_t id, std::int64_t up_to,
                                                                std::int64_t limit);
    /// 0 when there is none.
    boost::asio::awaitable<std::int64_t> last_event_id();
    boost::asio::awaitable<alert_counts> counts();
    /// Since when these alerts fire; those that do not are not there.
    boost::asio::awaitable<std::vector<std::pair<std::string, instant>>>
    firing_since(const std::vector<std::string>& fingerprints);

private:
    pool* pool_;
};

} // namespace tusk::alerthist
