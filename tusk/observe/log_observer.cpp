#include <tusk/observe/log_observer.hpp>

#include <tusk/observe/detail/labels.hpp>

namespace tusk::observe {

namespace {

/// Kinds of lines that are remembered; with more of them, all are forgotten and start anew.
constexpr std::size_t most_repeats = 1'000;

std::string_view breaker_name(breaker_state s) noexcept {
    switch (s) {
    case breaker_state::closed: return "closed";
    case breaker_state::open: return "open";
    case breaker_state::half_open: return "half_open";
    case breaker_state::forced_open: return "forced_open";
    case breaker_state::disabled: return "disabled";
    }
    return "";
}

/// Not in the middle of a character.
std::string_view cut(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return text.substr(0, most);
}

log_level level_of(const server_error& notice) noexcept {
    if (notice.severity == "WARNING") return log_level::warn;
    return notice.severity == "NOTICE" || notice.severity == "INFO" ? log_level::info : log_level::debug;
}

} // namespace

log_observer::log_observer(log_sink to, log_options how) : to_{std::move(to)}, how_{how} {
    if (!to_) throw error{errc::invalid_argument, "an empty function cannot take lines of a log"};
}

template <class Fill>
void log_observer::write(log_category of, log_level level, std::string_view message, const observed& event,
                         Fill fill) noexcept {
    if (!wants(of, level)) return;
    try {
        log_record line{level, message};
        line.add("component", "postgres").add("pool", event.pool);
        fill(line);
        if (event.error) add_error(line, *event.error);
        if (event.trace != nullptr && event.trace->is_valid())
            line.add("trace_id", event.trace->trace_id_text()).add("span_id", event.trace->span_id_text());
        std::uint64_t suppressed = 0;
        if (level >= log_level::warn && !admit(line, event, suppressed)) return;
        if (suppressed != 0) line.add("suppressed", static_cast<std::int64_t>(suppressed));
        to_(level, line.text(how_.format()));
    } catch (...) { // out of memory, or a sink that fails: a line less
    }
}

void log_observer::add_error(log_record& to, const failure& why) const {
    to.add("error", why.text());
    const auto* from = why.server();
    if (from == nullptr) {
        to.add("error_class", detail::error_labels{why.code()}.error_class());
        return;
    }
    to.add("sqlstate", from->sqlstate).add("severity", from->severity).add("hint", from->hint);
    if (how_.shows_details()) to.add("detail", from->detail);
    if (from->position != 0) to.add("position", std::int64_t{from->position});
}

bool log_observer::admit(const log_record& line, const observed& event, std::uint64_t& suppressed) {
    if (how_.repeats() == 0) return true;
    std::string key = line.message() + '\n' + std::string{event.pool};
    if (event.error) key += '\n' + event.error->code().message();
    const auto now = event.start + event.elapsed;
    const std::scoped_lock lock{mutex_};
    if (repeats_.size() >= most_repeats) repeats_.clear();
    auto& seen = repeats_[key];
    if (seen.lines == 0 || now - seen.since >= how_.interval()) {
        suppressed = seen.suppressed;
        seen = {now, 1, 0};
        return true;
    }
    if (seen.lines < how_.repeats()) return ++seen.lines, true;
    ++seen.suppressed;
    return false;
}

void log_observer::connect_finished(connect_event& e) noexcept {
    const auto level = e.error ? log_level::error : log_level::info;
    write(
        log_category::connection, level, e.error ? "connecting failed" : "connected", e, [&](log_record& l) {
            l.add("host", e.host).add("port", std::int64_t{e.port}).add("db", e.database).add("user", e.user);
            if (!e.error) l.add("backend_pid", std::int64_t{e.backend_pid}).add("tls", e.tls);
            l.add("duration_ms", e.elapsed);
        });
}

void log_observer::query_finished(query_event& e) noexcept {
    const auto level = e.error ? log_level::error : log_level::debug;
    if (!wants(log_category::query, level)) return;
    write(log_category::query, level, e.error ? "query failed" : "query", e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid}).add("command", e.command).add("table", e.table);
        l.add("sql", cut(e.sql, how_.longest_sql())).add("args_count", std::int64_t{e.arguments});
        l.add("duration_ms", e.elapsed);
        if (!e.error) l.add("rows", static_cast<std::int64_t>(e.rows));
    });
}

void log_observer::prepared(prepare_event& e) noexcept {
    write(log_category::query, log_level::debug, "prepared", e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid}).add("sql", cut(e.sql, how_.longest_sql()));
        l.add("parameters", std::int64_t{e.parameters}).add("columns", std::int64_t{e.columns});
    });
}

void log_observer::canceled(cancel_event& e) noexcept {
    write(log_category::connection, log_level::warn, "statement cancelled", e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid}).add("timed_out", e.timed_out);
        l.add("sql", cut(e.sql, how_.longest_sql())).add("duration_ms", e.elapsed);
    });
}

void log_observer::batch_finished(batch_event& e) noexcept {
    const auto level = e.error ? log_level::error : log_level::debug;
    write(log_category::query, level, e.error ? "batch failed" : "batch", e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid});
        l.add("statements", static_cast<std::int64_t>(e.statements)).add("duration_ms", e.elapsed);
    });
}

void log_observer::copy_finished(copy_event& e) noexcept {
    const auto level = e.error ? log_level::error : log_level::debug;
    write(log_category::query, level, e.error ? "copy failed" : "copy", e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid}).add("table", e.table);
        l.add("sql", cut(e.sql, how_.longest_sql())).add("duration_ms", e.elapsed);
        l.add("rows", static_cast<std::int64_t>(e.rows)).add("bytes", static_cast<std::int64_t>(e.bytes));
    });
}

void log_observer::transaction_finished(transaction_event& e) noexcept {
    if (e.nested) return;
    write(log_category::query, log_level::debug, e.committed ? "committed" : "rolled back", e,
          [&](log_record& l) { l.add("duration_ms", e.elapsed); });
}

void log_observer::acquire_finished(acquire_event& e) noexcept {
    if (e.result == acquire_result::ok) return;
    write(log_category::pool, log_level::warn, "no connection", e,
          [&](log_record& l) { l.add("result", detail::result_name(e.result)).add("wait_ms", e.elapsed); });
}

void log_observer::connection_closed(connection_closed_event& e) noexcept {
    write(log_category::connection, log_level::info, "connection closed", e,
          [&](log_record& l) { l.add("reason", detail::reason_name(e.reason)); });
}

void log_observer::health_checked(health_event& e) noexcept {
    const auto level = e.healthy ? log_level::info : log_level::warn;
    write(log_category::pool, level, e.healthy ? "healthy" : "health check failed", e, [&](log_record& l) {
        l.add("consecutive_failures", std::int64_t{e.consecutive_failures}).add("duration_ms", e.elapsed);
    });
}

void log_observer::breaker_changed(breaker_event& e) noexcept {
    const auto level = e.to == breaker_state::closed ? log_level::info : log_level::warn;
    write(log_category::pool, level, "circuit breaker changed", e, [&](log_record& l) {
        l.add("server", e.server).add("from", breaker_name(e.from)).add("to", breaker_name(e.to));
        if (e.to == breaker_state::open) l.add("retry_after_ms", e.retry_after);
    });
}

void log_observer::retried(retry_event& e) noexcept {
    write(log_category::pool, log_level::warn, "retrying", e, [&](log_record& l) {
        l.add("attempt", std::int64_t{e.attempt}).add("delay_ms", e.delay);
        l.add("sql", cut(e.sql, how_.longest_sql()));
    });
}

void log_observer::under_pressure(pressure_event& e) noexcept {
    const bool usage = e.what == pressure_event::kind::usage;
    write(log_category::pool, log_level::warn, usage ? "pool nearly full" : "slow acquire", e,
          [&](log_record& l) {
              if (usage)
                  l.add("usage_percent", static_cast<std::int64_t>(e.usage * 100))
                      .add("waiting", std::int64_t{e.waiting});
              else
                  l.add("wait_ms", e.elapsed);
          });
}

void log_observer::leaked(leak_event& e) noexcept {
    const auto* message = e.returned ? "leaked connection came back" : "connection held for too long";
    write(log_category::pool, log_level::warn, message, e, [&](log_record& l) {
        l.add("backend_pid", std::int64_t{e.backend_pid}).add("held_ms", e.elapsed);
        if (e.acquired_at.line() != 0)
            l.add("holder",
                  std::string{e.acquired_at.file_name()} + ":" + std::to_string(e.acquired_at.line()));
        l.add("sql", cut(e.last_sql, how_.longest_sql()));
    });
}

void log_observer::notice(const server_error& from) noexcept {
    observed event;
    event.start = steady_clock::now();
    write(log_category::server, level_of(from), from.message, event, [&](log_record& l) {
        l.add("sqlstate", from.sqlstate).add("severity", from.severity).add("hint", from.hint);
        if (how_.shows_details()) l.add("detail", from.detail);
    });
}

} // namespace tusk::observe
