#include "support.hpp"

#include <ranges>

#include <boost/asio/steady_timer.hpp>

#include "client/over_asio.hpp"

namespace faults_test {

namespace {

class over_blocking final : public subject {
public:
    explicit over_blocking(const tusk::connect_config& config)
        : connection_{tusk::blocking::connection::open(config)} {}
    tusk::blocking::verbs& db() override { return connection_; }
    bool is_open() const override { return connection_.is_open(); }
    failure transact(const std::string& sql, const options& o) override {
        try {
            connection_.transact([&](tusk::blocking::transaction& tx) { tx.exec(o, sql); },
                                 tusk::tx_options{}.timeout(o.deadline_from_now(10s).remaining()));
        } catch (const tusk::error& e) {
            return e.as_failure();
        }
        return {};
    }

private:
    tusk::blocking::connection connection_;
};

class over_asio final : public subject {
public:
    explicit over_asio(const tusk::connect_config& config) : connection_{config} {}
    tusk::blocking::verbs& db() override { return connection_; }
    bool is_open() const override {
        return const_cast<client_test::over_asio&>(connection_).connection().is_open();
    }
    failure transact(const std::string& sql, const options& o) override {
        return connection_.wait(transact_on(connection_.connection(), sql, o));
    }

private:
    static client_test::asio::awaitable<failure> transact_on(tusk::connection& on, std::string sql,
                                                             options o) {
        failure out;
        try {
            auto work = [&](tusk::transaction& tx) -> client_test::asio::awaitable<void> {
                co_await tx.exec(o, sql);
            };
            const auto how = tusk::tx_options{}.timeout(o.deadline_from_now(10s).remaining());
            co_await on.transact(work, how);
        } catch (const tusk::error& e) {
            out = e.as_failure();
        }
        co_return out;
    }
    client_test::over_asio connection_;
};

} // namespace

failure subject::exec(const std::string& sql, const options& o) {
    auto r = db().try_exec(o, sql);
    return r ? failure{} : r.error();
}

failure subject::copy_in(int rows, const options& o) {
    const auto numbers = std::views::iota(0, rows);
    auto r = db().try_copy_in(tusk::copy_options{o}, "t", tusk::columns("a"), numbers);
    return r ? failure{} : r.error();
}

failure subject::copy_out(int& rows, const options& o) {
    rows = 0;
    auto r = db().try_copy_out<int>(tusk::copy_options{o}, "t", [&](int) { ++rows; });
    return r ? failure{} : r.error();
}

tusk::result<std::unique_ptr<subject>> open_subject(const std::string& driver,
                                                    const tusk::connect_config& config) {
    try {
        std::unique_ptr<subject> out;
        if (driver == "asio")
            out = std::make_unique<over_asio>(config);
        else
            out = std::make_unique<over_blocking>(config);
        return out;
    } catch (const tusk::error& e) {
        return tusk::failed<std::unique_ptr<subject>>(e.as_failure());
    }
}

tusk::testing::database_options faults::options() const {
    tusk::testing::database_options o;
    o.script("create table t (a int4)");
    return o;
}

void faults::SetUp() {
    database_test::SetUp();
    proxy_ = std::make_unique<fault_proxy>(url());
    start_clock();
}

void faults::TearDown() {
    proxy_.reset();
    database_test::TearDown();
}

tusk::connect_config faults::config() const { return tusk::parse_connect_config(proxy_->url()).value(); }

std::unique_ptr<subject> faults::connected() {
    auto made = open_subject(GetParam(), config());
    if (made) return std::move(*made);
    ADD_FAILURE() << made.error().message();
    return nullptr;
}

std::int64_t faults::rows_of_t() { return connect().one<std::int64_t>("select count(*) from t"); }

bool faults::server_is_quiet() {
    auto db = connect();
    for (int i = 0; i < 200; ++i) {
        // Asked of another process, which tells nobody: polled, by the server's own clock.
        if (db.one<std::int64_t>(
                "select count(*) from pg_stat_activity, pg_sleep(0.02) where state = 'active' and "
                "datname = current_database() and pid <> pg_backend_pid()") == 0)
            return true;
    }
    return false;
}

std::chrono::milliseconds faults::elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
}

} // namespace faults_test
