#include "both_drivers.hpp"

#include <tusk/client.hpp>
#include <tusk/client/blocking.hpp>
#include <tusk/net/hosts.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace net_test {

namespace asio = boost::asio;

namespace {

class blocking_client final : public client {
public:
    explicit blocking_client(tusk::blocking::connection c) : connection_{std::move(c)} {}
    tusk::failure exec(const tusk::options& o, std::string_view sql) override {
        const auto r = connection_.try_exec(o, sql);
        return r ? tusk::failure{} : r.error();
    }
    tusk::failure exec_with(std::string_view sql, std::string_view argument) override {
        const auto r = connection_.try_exec(sql, argument);
        return r ? tusk::failure{} : r.error();
    }
    tusk::result<std::vector<std::string>> all(std::string_view sql) override {
        return connection_.try_all<std::string>(sql);
    }
    bool is_open() const override { return connection_.is_open(); }
    bool looks_alive() override { return connection_.looks_alive(); }

private:
    tusk::blocking::connection connection_;
};

/// Runs a coroutine to its end, and not until the last timer has expired.
template <class T>
T run(asio::io_context& loop, asio::awaitable<T> work) {
    std::optional<T> out;
    std::exception_ptr thrown;
    asio::co_spawn(loop, std::move(work), [&](std::exception_ptr e, T value) {
        thrown = e;
        out.emplace(std::move(value));
    });
    loop.restart();
    while (!out && loop.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*out);
}

class asio_client final : public client {
public:
    asio_client(std::unique_ptr<asio::io_context> loop, tusk::connection c)
        : loop_{std::move(loop)}, connection_{std::make_unique<tusk::connection>(std::move(c))} {}
    tusk::failure exec(const tusk::options& o, std::string_view sql) override {
        return failure_of(run(*loop_, wrap(connection_->try_exec(o, sql))));
    }
    tusk::failure exec_with(std::string_view sql, std::string_view argument) override {
        return failure_of(run(*loop_, wrap(connection_->try_exec(sql, argument))));
    }
    tusk::result<std::vector<std::string>> all(std::string_view sql) override {
        return std::move(*run(*loop_, wrap(connection_->try_all<std::string>(sql))));
    }
    bool is_open() const override { return connection_->is_open(); }
    bool looks_alive() override { return connection_->looks_alive(); }
    ~asio_client() override {
        connection_.reset();
        loop_->restart();
        loop_->poll(); // the close runs on the connection's strand
    }

    /// co_spawn wants results that can be made from nothing.
    template <class T>
    static asio::awaitable<std::optional<T>> wrap(asio::awaitable<T> work) {
        co_return std::optional<T>{co_await std::move(work)};
    }

private:
    static tusk::failure failure_of(const std::optional<tusk::result<std::uint64_t>>& r) {
        return *r ? tusk::failure{} : r->error();
    }
    std::unique_ptr<asio::io_context> loop_;
    std::unique_ptr<tusk::connection> connection_;
};

} // namespace

opened open_blocking(const tusk::connect_config& config) {
    auto c = tusk::blocking::connection::try_open(config, {}, tusk::deadline::never());
    if (!c) return c.error();
    return std::unique_ptr<client>{std::make_unique<blocking_client>(std::move(*c))};
}

opened open_asio(const tusk::connect_config& config) {
    auto target = tusk::net::connect_target::make(config);
    if (!target) return target.error();
    auto loop = std::make_unique<asio::io_context>();
    auto c = run(*loop, asio_client::wrap(tusk::connection::try_open(loop->get_executor(), *target, {},
                                                                     tusk::deadline::never())));
    if (!*c) return c->error();
    return std::unique_ptr<client>{std::make_unique<asio_client>(std::move(loop), std::move(**c))};
}

std::string described() {
    return be::parse_complete() + be::parameter_description() + be::row_description({{"value", 25, 0}}) +
           be::ready_for_query();
}

std::string answered(const std::string& value) {
    return be::bind_complete() + be::data_row({value}) + be::command_complete("SELECT 1") +
           be::ready_for_query();
}

} // namespace net_test
