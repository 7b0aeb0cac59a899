#include <tusk/doctor/examine.hpp>

#include <tusk/client/blocking.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/doctor/detail/check.hpp>

namespace tusk::doctor {

namespace {

using detail::check;

std::vector<check> all_checks() {
    auto all = detail::activity_checks();
    for (auto* more : {&detail::storage_checks, &detail::server_checks})
        for (const auto& each : more()) all.push_back(each);
    return all;
}

options options_for(const thresholds& limits) { return options{}.timeout(limits.check_timeout()); }

/// Takes note of a check that failed, or throws what ends the examination.
void skip(const check& c, const failure& why, examination& out) {
    const bool of_this_check = why.server() != nullptr || why.code() == errc::timeout;
    if (!of_this_check) throw error{why};
    out.add(unexamined{std::string{c.name}, why.message()});
}

} // namespace

examination examine(blocking::verbs& db, const thresholds& limits) {
    examination out;
    const auto o = options_for(limits);
    for (const auto& c : all_checks()) {
        const auto rows = db.try_query(o, c.sql);
        if (rows)
            c.judge(*rows, limits, out);
        else
            skip(c, rows.error(), out);
    }
    return out;
}

asio::awaitable<examination> examine(verbs& db, thresholds limits) {
    examination out;
    const auto o = options_for(limits);
    for (const auto& c : all_checks()) {
        const auto rows = co_await db.try_query(o, c.sql);
        if (rows)
            c.judge(*rows, limits, out);
        else
            skip(c, rows.error(), out);
    }
    co_return out;
}

} // namespace tusk::doctor
