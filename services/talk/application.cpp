#include <services/talk/application.hpp>

#include <services/talk/api.hpp>
#include <services/talk/migrations.hpp>
#include <tusk/migrate.hpp>

namespace tusk::talk {

namespace asio = boost::asio;

std::string application::version() const { return TALK_VERSION; }

http::router application::routes(pool& on, common::error_sink report) {
    return make_routes(on, settings_, std::move(report));
}

asio::awaitable<void> application::install(pool& on) {
    // The pool's own server: of an embedded one, the settings do not know the address.
    const migrator migrations_of_talk{migrations(), on.config().server()};
    const auto done = co_await migrations_of_talk.apply();
    static_cast<void>(done);
}

asio::awaitable<std::optional<std::string>> application::check_tables(pool& on) {
    const auto state = co_await migrate::check_version(on, migrations());
    if (state.is_ready()) co_return std::nullopt;
    auto why = "the database has version " + (state.current.empty() ? std::string{"(none)"} : state.current) +
               ", expected " + state.expected;
    if (state.partial) why += "; a file is applied in part";
    co_return why;
}

} // namespace tusk::talk
