#pragma once

#include <services/common/host.hpp>
#include <services/talk/config.hpp>

namespace tusk::talk {

/// Talk, for its host. Migrates its database itself, under the lock of `tusk migrate`.
class application final : public common::application {
public:
    explicit application(const config& settings) : settings_{settings} {}

    std::string name() const override { return "talk"; }
    std::string version() const override;
    http::router routes(pool& on, common::error_sink report) override;
    boost::asio::awaitable<void> install(pool& on) override;
    boost::asio::awaitable<std::optional<std::string>> check_tables(pool& on) override;

private:
    config settings_;
};

} // namespace tusk::talk
