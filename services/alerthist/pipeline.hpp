#pragma once

#include <cstdint>
#include <span>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/alertmanager.hpp>
#include <services/alerthist/classifier.hpp>
#include <services/alerthist/metrics.hpp>
#include <services/alerthist/policy_keeper.hpp>
#include <services/alerthist/store.hpp>

namespace tusk::alerthist {

/// Whether `newer` says more than `older` about the same alert, or the same again: the order in which states
/// follow each other, whatever order they arrive in. The statement that saves states has the same rule.
bool supersedes(const alert& newer, const alert& older) noexcept;

/// What a notification changes: of each alert the last state, and of each change of state one event. The
/// judgements are those of the alerts at the same places; none: they are only stored.
alert_batch make_batch(const notification& from, std::span<const judgement> judged = {});

/// What became of a notification.
class ingest_result {
public:
    ingest_result(std::uint64_t received, std::uint64_t events) noexcept
        : received_{received}, events_{events} {}
    std::uint64_t alerts_received() const noexcept { return received_; }
    /// All of them, or the whole notification failed.
    std::uint64_t alerts_processed() const noexcept { return received_; }
    std::uint64_t events_created() const noexcept { return events_; }

private:
    std::uint64_t received_;
    std::uint64_t events_;
};

/// The way of a notification into the store: classify, decide, save.
class pipeline {
public:
    pipeline(store& into, policy_keeper& by, classifier& with, metrics& counted_by) noexcept
        : store_{&into}, keeper_{&by}, classifier_{&with}, metrics_{&counted_by} {}

    /// All or nothing; the same notification may come again. Throws `tusk::error`.
    boost::asio::awaitable<ingest_result> ingest(const notification& what);

private:
    boost::asio::awaitable<std::vector<judgement>> judge(const policy& by, std::span<const alert> what);

    store* store_;
    policy_keeper* keeper_;
    classifier* classifier_;
    metrics* metrics_;
};

} // namespace tusk::alerthist
