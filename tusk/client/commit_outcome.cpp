#include <tusk/client/commit_outcome.hpp>

#include <thread>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tusk {

namespace {

// A standby answers for what it has replayed, which is not what the primary has committed.
constexpr std::string_view question = "select case when pg_catalog.pg_is_in_recovery() then null "
                                      "else pg_catalog.pg_xact_status($1::text::pg_catalog.xid8) end";

/// The dialogue with the server, without the waiting.
class inquiry {
public:
    inquiry(const failure& in_doubt, const options& o)
        : until_{o.deadline_from_now(std::chrono::seconds{30})} {
        if (in_doubt.code() != errc::in_doubt)
            throw error{errc::invalid_argument, "only a COMMIT that failed with in_doubt can be resolved"};
        if (in_doubt.transaction_id() == 0)
            throw error{errc::invalid_argument,
                        "the transaction's id is not known; begin it with tx_options{}.resolvable()"};
        id_ = std::to_string(in_doubt.transaction_id());
    }

    const std::string& id() const noexcept { return id_; }
    options call_options() const {
        options o;
        o.until(until_).timeout(steady_clock::duration::zero());
        return o;
    }

    /// The answer, or nothing: ask again after `pause()`. Throws.
    std::optional<commit_outcome> judge(const result<std::optional<std::string>>& status) {
        if (!status) {
            // The id of a transaction that this server has not come to yet.
            if (status.error().code() == make_error_code(*sqlstate::parse("22023")))
                return commit_outcome::unknown;
            throw error{status.error()};
        }
        if (!*status) return commit_outcome::unknown;
        if (**status == "committed") return commit_outcome::committed;
        if (**status == "aborted") return commit_outcome::aborted;
        return std::nullopt;
    }

    /// How long to wait before the next question.
    steady_clock::duration pause() {
        if (until_.expired())
            throw error{errc::timeout, "the server still works on the transaction whose COMMIT is in doubt"};
        const auto now = pause_;
        pause_ = std::min<steady_clock::duration>(pause_ * 2, std::chrono::seconds{1});
        return now;
    }

private:
    deadline until_;
    std::string id_;
    steady_clock::duration pause_ = std::chrono::milliseconds{20};
};

asio::awaitable<commit_outcome> resolve(verbs& on, inquiry ask) {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (;;) {
        const auto call = ask.call_options();
        const auto status = co_await on.try_one<std::optional<std::string>>(call, question, ask.id());
        if (const auto outcome = ask.judge(status)) co_return *outcome;
        timer.expires_after(ask.pause());
        boost::system::error_code ec;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
}

} // namespace

asio::awaitable<commit_outcome> resolve_commit(verbs& on, const failure& in_doubt, options o) {
    return resolve(on, inquiry{in_doubt, o});
}

namespace blocking {

commit_outcome resolve_commit(verbs& on, const failure& in_doubt, options o) {
    inquiry ask{in_doubt, o};
    for (;;) {
        const auto status = on.try_one<std::optional<std::string>>(ask.call_options(), question, ask.id());
        if (const auto outcome = ask.judge(status)) return *outcome;
        std::this_thread::sleep_for(ask.pause());
    }
}

} // namespace blocking

} // namespace tusk
