#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include <tusk/migrate/run.hpp>

namespace tusk {

namespace asio = boost::asio;

namespace blocking {

/// Brings a database to the state of a migration directory, and tells how it stands. Every call makes one
/// connection of its own, which locks, executes and writes the journal. Safe to call from several threads.
///
///     tusk::blocking::migrator m{tusk::migrate::directory::open("file://migrations").value(), url};
///     m.apply();
class migrator {
public:
    /// Throws `tusk::error` (`errc::invalid_connection_string`).
    migrator(migrate::directory files, std::string_view url);
    migrator(migrate::directory files, connect_config target);

    /// Executes what is pending, under the lock that keeps other runs out (also Atlas's). Throws
    /// `tusk::error`: what the server says of a statement, with "file:line:column: " before it;
    /// `errc::invalid_argument` when the directory, its history or its statements make no sense, before
    /// anything is executed; `errc::timeout` when another run has the lock; `errc::in_doubt` when a COMMIT
    /// was not answered: the next call finds out; `errc::no_suitable_host` for a standby;
    /// `errc::invalid_configuration` behind a pooler in transaction mode; `errc::canceled` when stopped.
    migrate::apply_report apply(const migrate::apply_options& o = {}) const;
    /// The same; what went wrong is `problem` of the report, beside what was done.
    migrate::apply_report try_apply(const migrate::apply_options& o = {}) const;
    /// Takes files back: by their written ways back, the last one first, or, where one has none, by a plan
    /// from what the database has to what the directory makes at the target version, which is proved on a
    /// throwaway database. Leaves alone what the directory does not know. Throws as `apply` does, and
    /// `errc::invalid_argument` when rows would be lost, which it names; `errc::invalid_configuration` when
    /// there is no plan that holds.
    migrate::apply_report down(const migrate::down_options& o = {}) const;
    migrate::apply_report try_down(const migrate::down_options& o = {}) const;
    /// What is applied and what is pending. Only reads, on a standby too.
    migrate::status_report status(const migrate::apply_options& o = {}) const;
    result<migrate::status_report> try_status(const migrate::apply_options& o = {}) const;
    /// Says that the database has this version (without one: the last of the directory), executing nothing.
    void set(const std::optional<std::string>& version, const migrate::apply_options& o = {}) const;
    failure try_set(const std::optional<std::string>& version, const migrate::apply_options& o = {}) const;

    const migrate::directory& files() const noexcept { return files_; }

private:
    migrate::directory files_;
    connect_config target_;
};

} // namespace blocking

/// The awaitable twin. The work is done on a thread of its own; cancelling the awaitable (Asio's
/// cancellation) cancels the running statement, and the call ends when the server has answered.
class migrator {
public:
    migrator(migrate::directory files, std::string_view url);
    migrator(migrate::directory files, connect_config target);

    asio::awaitable<migrate::apply_report> apply(migrate::apply_options o = {}) const;
    asio::awaitable<migrate::apply_report> try_apply(migrate::apply_options o = {}) const;
    asio::awaitable<migrate::apply_report> down(migrate::down_options o = {}) const;
    asio::awaitable<migrate::apply_report> try_down(migrate::down_options o = {}) const;
    asio::awaitable<migrate::status_report> status(migrate::apply_options o = {}) const;
    asio::awaitable<result<migrate::status_report>> try_status(migrate::apply_options o = {}) const;

    const migrate::directory& files() const noexcept { return work_->files(); }

private:
    std::shared_ptr<const blocking::migrator> work_;
};

} // namespace tusk
