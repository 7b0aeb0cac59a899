#include "session.hpp"

#include <algorithm>
#include <cstring>

#include <tusk/testing/scripted_server.hpp>
#include <tusk/wire/buffer.hpp>

namespace simulation {

namespace be = tusk::testing::backend;

namespace {

/// A message's parts, one after the other.
class reader {
public:
    explicit reader(std::string_view of) : left_{of} {}
    std::string text() {
        const auto end = left_.find('\0');
        std::string out{left_.substr(0, end)};
        left_.remove_prefix(std::min(left_.size(), out.size() + 1));
        return out;
    }
    template <class Int>
    Int number() {
        if (left_.size() < sizeof(Int)) return {};
        const auto out = tusk::wire::load_big_endian<Int>(reinterpret_cast<const std::byte*>(left_.data()));
        left_.remove_prefix(sizeof(Int));
        return out;
    }
    std::string_view bytes(std::size_t n) {
        const auto out = left_.substr(0, n);
        left_.remove_prefix(out.size());
        return out;
    }

private:
    std::string_view left_;
};

constexpr std::uint32_t bool_type = 16, int8_type = 20, text_type = 25, float8_type = 701, lsn_type = 3220;

/// The columns of what the statement answers; empty for commands.
std::vector<be::column> columns_of(const std::string& sql) {
    if (sql.find("pg_is_in_recovery") != std::string::npos)
        return {{"replica", bool_type},
                {"position", lsn_type},
                {"replay_age", float8_type},
                {"timeline", text_type}};
    if (sql.find("pg_current_wal_insert_lsn") != std::string::npos) return {{"v", lsn_type}};
    if (sql.starts_with("select")) return {{"v", int8_type}};
    return {};
}

bool takes_argument(const std::string& sql) { return sql.find("$1") != std::string::npos; }

std::string lsn_text(std::int64_t position) {
    char out[40];
    std::snprintf(out, sizeof out, "0/%llX", static_cast<unsigned long long>(position));
    return out;
}

/// A value in the format that was asked for.
std::string number_in(std::int16_t format, std::int64_t value) {
    return format == 1 ? be::number(value) : std::to_string(value);
}

} // namespace

asio::awaitable<void> server::session::serve(std::shared_ptr<session> self) {
    const auto server_lives = self->of_.alive_;
    try {
        co_await self->run();
    } catch (const std::exception&) { // the client, or the server, is gone
    }
    if (*server_lives) self->close();
}

void server::session::close() {
    over_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    pause_.cancel();
}

void server::session::terminate() {
    if (is_over() || pid == 0) return;
    boost::system::error_code ignored;
    const auto bye =
        be::error_response("57P01", "terminating connection due to administrator command", "FATAL");
    socket_.non_blocking(true, ignored);
    socket_.send(asio::buffer(bye), 0, ignored);
    close();
}

void server::session::wake() { pause_.cancel(); }

void server::session::cancel() {
    if (!busy_) return;
    canceled_ = true;
    pause_.cancel();
}

asio::awaitable<void> server::session::rest(steady_clock::duration d) {
    boost::system::error_code ec;
    pause_.expires_after(d);
    co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (is_over()) throw std::runtime_error{"gone"};
}

asio::awaitable<void> server::session::while_deaf() {
    while (std::max(silent_until, of_.hangs_until_) > steady_clock::now()) {
        const bool for_good = silent_until > steady_clock::now();
        co_await rest(std::max(silent_until, of_.hangs_until_) - steady_clock::now());
        if (for_good) throw std::runtime_error{"was silent"};
    }
}

asio::awaitable<bool> server::session::read_more() {
    char bytes[4096];
    boost::system::error_code ec;
    const auto n =
        co_await socket_.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return false;
    co_await while_deaf();
    input_.append(bytes, n);
    co_return true;
}

/// In pieces, now and then; and cut off somewhere, when that is this session's fate.
asio::awaitable<void> server::session::flush() {
    co_await while_deaf();
    const bool cut = std::exchange(cut_next_answer, false) && !output_.empty();
    if (cut) output_.resize(of_.world_.below(output_.size()));
    while (!output_.empty()) {
        auto size = output_.size();
        if (of_.world_.chance(0.1)) size = 1 + of_.world_.below(size);
        co_await asio::async_write(socket_, asio::buffer(output_.data(), size), asio::use_awaitable);
        output_.erase(0, size);
        if (!output_.empty()) co_await rest(of_.world_.between(0us, 2ms));
    }
    if (cut) close();
}

asio::awaitable<bool> server::session::start_up() {
    while (input_.size() < 8 ||
           input_.size() < static_cast<std::size_t>(reader{input_}.number<std::int32_t>())) {
        const bool more = co_await read_more();
        if (!more) co_return false;
    }
    reader head{input_};
    const auto size = head.number<std::int32_t>();
    const auto code = head.number<std::int32_t>();
    if (code == 80877102) {
        of_.cancel(head.number<std::int32_t>());
        co_return false;
    }
    if (code != 196608) {
        broken_protocol("a startup packet of version " + std::to_string(code));
        co_return false;
    }
    input_.erase(0, static_cast<std::size_t>(size));
    co_await rest(of_.world_.between(100us, 3ms) * of_.slowness_);
    if (of_.opens_at_ > steady_clock::now())
        output_ = be::error_response("57P03", "the database system is starting up", "FATAL");
    else if (of_.full_)
        output_ = be::error_response("53300", "sorry, too many clients already", "FATAL");
    if (!output_.empty()) {
        co_await flush();
        co_return false;
    }
    pid = of_.next_pid_++;
    output_ = be::authentication_ok() + be::parameter_status("server_version", "15.14") +
              be::parameter_status("client_encoding", "UTF8") +
              be::parameter_status("in_hot_standby", of_.replica_ ? "on" : "off") +
              be::parameter_status("default_transaction_read_only", "off") + be::backend_key_data(pid) +
              be::ready_for_query();
    if (of_.stillborn_ > 0) {
        --of_.stillborn_;
        output_ +=
            be::error_response("57P01", "terminating connection due to administrator command", "FATAL");
        co_await asio::async_write(socket_, asio::buffer(output_), asio::use_awaitable);
        co_return false;
    }
    co_await flush();
    co_return true;
}

std::optional<std::pair<char, std::string>> server::session::next_message() {
    if (input_.size() < 5) return std::nullopt;
    const auto size =
        1 + static_cast<std::size_t>(reader{std::string_view{input_}.substr(1)}.number<std::uint32_t>());
    if (input_.size() < size) return std::nullopt;
    std::pair<char, std::string> out{input_[0], input_.substr(5, size - 5)};
    input_.erase(0, size);
    return out;
}

asio::awaitable<void> server::session::run() {
    const bool in = co_await start_up();
    std::size_t open = 0;
    for (const auto& weak : of_.sessions_)
        if (const auto s = weak.lock(); s && s->pid != 0 && !s->is_over()) ++open;
    of_.most_ = std::max(of_.most_, open);
    while (in && !is_over()) {
        while (auto m = next_message()) {
            const auto type = m->first;
            co_await on_message(type, std::move(m->second));
            if (is_over()) co_return;
        }
        const bool more = co_await read_more();
        if (!more) co_return;
    }
}

asio::awaitable<void> server::session::on_message(char type, std::string body) {
    if (of_.world_.chance(0.02)) output_ += be::notice_response("chance");
    if (skipping_ && type != 'S' && type != 'X') co_return;
    reader in{body};
    switch (type) {
    case 'P': {
        auto name = in.text();
        if (!name.empty() && statements_.contains(name)) {
            fail("42P05", "prepared statement already exists");
            co_return;
        }
        statements_[name].sql = in.text();
        output_ += be::parse_complete();
        co_return;
    }
    case 'D': {
        const bool portal = in.bytes(1) == "P";
        const auto& from = portal ? portals_ : statements_;
        const auto at = from.find(in.text());
        if (at == from.end())
            fail("26000", "no such statement");
        else
            describe(portal, at->second);
        co_return;
    }
    case 'B': bind(body); co_return;
    case 'E': {
        const auto at = portals_.find(in.text());
        if (at == portals_.end()) {
            fail("34000", "no such portal");
            co_return;
        }
        co_await execute(at->second);
        co_return;
    }
    case 'C': {
        const bool portal = in.bytes(1) == "P";
        (portal ? portals_ : statements_).erase(in.text());
        output_ += be::close_complete();
        co_return;
    }
    case 'S':
        end_of_group();
        if (of_.world_.chance(0.2)) co_await rest(of_.world_.between(0us, 1ms));
        co_await flush();
        co_return;
    case 'H': co_await flush(); co_return;
    case 'Q': co_await query(in.text()); co_return;
    case 'X': close(); co_return;
    default: broken_protocol(std::string{"message "} + type);
    }
}

void server::session::describe(bool of_portal, const statement& what) {
    if (!of_portal)
        output_ += be::parameter_description(takes_argument(what.sql) ? std::vector<std::uint32_t>{int8_type}
                                                                      : std::vector<std::uint32_t>{});
    auto columns = columns_of(what.sql);
    for (std::size_t i = 0; i < columns.size() && of_portal && !what.formats.empty(); ++i)
        columns[i].format = what.formats[std::min(i, what.formats.size() - 1)];
    output_ += columns.empty() ? be::no_data() : be::row_description(columns);
}

void server::session::bind(std::string_view body) {
    reader in{body};
    const auto portal = in.text();
    const auto at = statements_.find(in.text());
    if (at == statements_.end()) return fail("26000", "no such statement");
    auto bound = at->second;
    std::vector<std::int16_t> formats;
    for (auto n = in.number<std::uint16_t>(); n > 0; --n) formats.push_back(in.number<std::int16_t>());
    const auto arguments = in.number<std::uint16_t>();
    if (arguments != (takes_argument(bound.sql) ? 1 : 0)) broken_protocol("arguments of " + bound.sql);
    for (unsigned i = 0; i < arguments; ++i) {
        const auto size = in.number<std::int32_t>();
        const auto value = in.bytes(static_cast<std::size_t>(std::max(size, 0)));
        bound.argument = !formats.empty() && formats[0] == 1
                             ? reader{value}.number<std::int64_t>()
                             : std::strtoll(std::string{value}.c_str(), nullptr, 10);
    }
    for (auto n = in.number<std::uint16_t>(); n > 0; --n) bound.formats.push_back(in.number<std::int16_t>());
    portals_[portal] = std::move(bound);
    output_ += be::bind_complete();
}

asio::awaitable<void> server::session::execute(statement what) {
    busy_ = true;
    const bool takes_time = what.sql.starts_with("select") || what.sql.starts_with("insert");
    if (of_.time_ > of_.time_.zero())
        co_await rest(of_.time_);
    else if (takes_time || of_.world_.chance(0.3))
        co_await rest(of_.world_.between(100us, of_.world_.chance(0.02) ? 400ms : 5ms) * of_.slowness_);
    co_await while_deaf();
    busy_ = false;
    if (std::exchange(canceled_, false)) co_return fail("57014", "canceling statement due to user request");
    answer(what);
}

void server::session::answer(const statement& what) {
    const auto& sql = what.sql;
    const auto format = [&](std::size_t i) {
        return what.formats.empty() ? std::int16_t{0} : what.formats[std::min(i, what.formats.size() - 1)];
    };
    if (status_ == 'E' && sql != "rollback" && sql != "commit")
        return fail("25P02", "current transaction is aborted");
    if (sql.starts_with("insert")) {
        if (of_.replica_) return fail("25006", "cannot execute INSERT in a read-only transaction");
        if (of_.serialization_failures_ > 0) {
            --of_.serialization_failures_;
            return fail("40001", "could not serialize access");
        }
        uncommitted_.push_back(what.argument);
        output_ += be::command_complete("INSERT 0 1");
    } else if (sql.starts_with("begin")) {
        status_ = 'T';
        output_ += be::command_complete("BEGIN");
    } else if (sql == "commit" || sql == "rollback") {
        const bool good = sql == "commit" && status_ != 'E';
        if (good) commit();
        uncommitted_.clear();
        status_ = 'I';
        output_ += be::command_complete(good ? "COMMIT" : "ROLLBACK");
    } else if (sql.find("pg_is_in_recovery") != std::string::npos) {
        const auto position = of_.replayed() * 64;
        char timeline[16];
        std::snprintf(timeline, sizeof timeline, "%08X", of_.timeline_);
        const auto truth = format(0) == 1 ? std::string(1, of_.replica_ ? '\1' : '\0')
                                          : std::string{of_.replica_ ? "t" : "f"};
        output_ += be::data_row({truth, format(1) == 1 ? be::number(position) : lsn_text(position),
                                 std::nullopt, of_.replica_ ? "" : timeline});
        output_ += be::command_complete("SELECT 1");
    } else if (sql.find("pg_current_wal_insert_lsn") != std::string::npos) {
        if (of_.replica_) return fail("55000", "recovery is in progress");
        const auto position = of_.ledger_->position();
        output_ += be::data_row({format(0) == 1 ? be::number(position) : lsn_text(position)});
        output_ += be::command_complete("SELECT 1");
    } else if (sql.find("count(*)") != std::string::npos) {
        const auto& all = of_.ledger_->tokens;
        const auto seen = all.begin() + of_.replayed();
        output_ += be::data_row({number_in(format(0), std::count(all.begin(), seen, what.argument))});
        output_ += be::command_complete("SELECT 1");
    } else if (sql == "select $1::int8") {
        output_ += be::data_row({number_in(format(0), what.argument)});
        output_ += be::command_complete("SELECT 1");
    } else {
        broken_protocol("a statement that this server does not know: " + sql);
        fail("42601", "what?");
    }
}

/// By the simple protocol, each part of the text alone.
asio::awaitable<void> server::session::query(std::string sql) {
    std::string_view left = sql;
    while (!left.empty() && !skipping_) {
        statement one;
        one.sql = left.substr(0, left.find("; "));
        left.remove_prefix(std::min(left.size(), one.sql.size() + 2));
        if (const auto columns = columns_of(one.sql); !columns.empty())
            output_ += be::row_description(columns);
        co_await execute(one);
    }
    end_of_group();
    co_await flush();
}

void server::session::fail(std::string_view sqlstate, std::string_view why) {
    output_ += be::error_response(sqlstate, why);
    skipping_ = true;
    if (status_ == 'T') status_ = 'E';
    if (status_ != 'I') return;
    uncommitted_.clear();
}

/// Outside a transaction, what came since the last Sync was one.
void server::session::end_of_group() {
    if (status_ == 'I') commit();
    skipping_ = canceled_ = false;
    portals_.clear();
    output_ += be::ready_for_query(status_);
}

void server::session::commit() {
    auto& all = of_.ledger_->tokens;
    all.insert(all.end(), uncommitted_.begin(), uncommitted_.end());
    uncommitted_.clear();
}

void server::session::broken_protocol(const std::string& how) {
    if (of_.problem_.empty()) of_.problem_ = how;
}

} // namespace simulation
