#pragma once

#include <memory>
#include <optional>
#include <string>

#include <tusk/client/batch.hpp>
#include <tusk/client/notification_queue.hpp>
#include <tusk/client/request.hpp>
#include <tusk/client/settings.hpp>
#include <tusk/core/observer.hpp>
#include <tusk/protocol/query.hpp>

/// What both connections, the asynchronous and the blocking one, make of a request. Private to the part.
namespace tusk {

namespace detail {

/// A request and its sink, as a query machine wants them.
class call final : public protocol::query_source {
public:
    call(request& what, client_sink& sink, const connection_settings& settings)
        : what_{what}, sink_{sink}, types_{settings.types()} {
        sink_.use_types(&types_);
    }
    const protocol::statement_ptr& text() const noexcept override { return what_.text(); }
    const protocol::description_ptr& known_description() const noexcept override {
        return what_.known_description();
    }
    failure bind(const protocol::description_ptr& description, wire::bound_values& arguments,
                 std::span<const std::int16_t>& formats) override {
        if (types_.unfinished()) return unknown_types_failure();
        auto f = sink_.prepare(description, formats);
        if (f && !types_.has_unknown()) return f;
        auto second = what_.arguments_for(description, arguments, types_); // it may want to know types, too
        return f ? std::move(f) : std::move(second);
    }
    protocol::type_question* question() override { return types_.question(); }
    bool distrusts(const failure& why) override { return types_.distrusts(why); }

    failure bind_text(wire::bound_values& arguments) override { return what_.text_arguments(arguments); }
    protocol::exec_mode mode(protocol::exec_mode usual) const noexcept override {
        return what_.call_options().mode().value_or(usual);
    }
    std::uint32_t rows_at_a_time() const noexcept override { return what_.call_options().rows_at_a_time(); }

private:
    request& what_;
    client_sink& sink_;
    call_types types_;
};

/// The answer to a command with one value or none.
class command_sink final : public protocol::reply_sink {
public:
    protocol::flow on_row(std::span<const std::byte> body) override;
    void on_complete(const wire::command_tag& tag) override { tag_.assign(tag.text); }
    const std::string& tag() const noexcept { return tag_; }
    /// The first value of the last row, if there is one.
    const std::optional<std::string>& value() const noexcept { return value_; }

private:
    std::string tag_;
    std::optional<std::string> value_;
};

/// Reports one batch to an observer; nothing happens when there is none.
class batch_watch {
public:
    /// `o` lives until `finish`.
    batch_watch(observer* to, const connection_settings& settings, const batch& b, const options& o,
                const protocol::session& s);
    void finish(const failure& f, const protocol::request_machine& machine);

private:
    observer* observer_;
    batch_event event_;
};

/// Reports one query to an observer; nothing happens when there is none.
class query_watch {
public:
    query_watch(observer* to, const connection_settings& settings, const request& what,
                const protocol::session& s)
        : query_watch{to, settings, what, s.backend_pid} {}
    query_watch(observer* to, const connection_settings& settings, const request& what,
                std::int32_t backend_pid);
    void finish(const failure& f, const client_sink& sink);
    void finish(const failure& f, const client_sink& sink, const protocol::query& machine);

private:
    observer* observer_;
    query_event event_;
};

} // namespace detail

namespace detail {
/// What DISCARD ALL does, but for prepared statements and plans.
inline constexpr std::string_view reset_session_sql =
    "close all; set session authorization default; reset all; unlisten *; discard temp; discard sequences; "
    "select pg_catalog.pg_advisory_unlock_all()";

failure busy_failure();
failure closed_connection_failure();
failure late_failure();

/// Marks a connection busy for as long as it lives.
class busy_guard {
public:
    explicit busy_guard(bool& flag) noexcept : flag_{flag} { flag_ = true; }
    ~busy_guard() { flag_ = false; }
    busy_guard(const busy_guard&) = delete;
    busy_guard& operator=(const busy_guard&) = delete;

private:
    bool& flag_;
};

/// Reports one connection attempt to an observer; nothing happens when there is none.
class connect_watch {
public:
    connect_watch(const connection_settings& settings, const std::string& database, const std::string& user);
    void finish(const failure& f, const std::string& host, std::uint16_t port, const protocol::session& s);

private:
    observer* observer_;
    connect_event event_;
};

/// When a transaction began, and what became of it, for an observer.
class transaction_watch {
public:
    /// Null when nobody listens.
    static std::unique_ptr<transaction_watch> make(const connection_settings& settings, bool nested);
    transaction_watch(const connection_settings& settings, bool nested);
    /// Once; later calls say nothing.
    void finish(const failure& f, bool committed);

private:
    std::shared_ptr<observer> observer_;
    transaction_event event_;
};

/// Notifications that nobody has asked for yet; none is made before the first one comes.
using kept_notifications = std::unique_ptr<notification_queue>;
/// The first of them, or nothing. A gap is a failure.
result<std::optional<notification>> take_notification(const kept_notifications& from);
/// Passes notices and notifications of a session on, as the settings say. `kept` lives as long as the
/// session.
void forward_messages(protocol::session& s, const connection_settings& settings, kept_notifications& kept);
} // namespace detail

/// A query whose sink pauses after each row. It lives on its own, so that dropping the stream does not lose
/// it.
class running_stream {
public:
    running_stream(protocol::session& s, const connection_settings& settings, request r,
                   std::shared_ptr<client_sink> rows, std::function<void()> abandon_rows, deadline d)
        : what{std::move(r)}, sink{std::move(rows)}, abandon{std::move(abandon_rows)}, until{d},
          source{what, *sink, settings}, machine{s, *settings.statements(), source, *sink} {}

    request what;
    std::shared_ptr<client_sink> sink;
    std::function<void()> abandon;
    deadline until;
    detail::call source;
    protocol::query machine;
    std::optional<detail::query_watch> watch; ///< Since the stream was started.
    bool started = false;
};

} // namespace tusk
