#include "memory_server.hpp"

#include <algorithm>

namespace memory {

namespace {

std::int32_t number_at(std::string_view bytes, std::size_t at) {
    return tusk::wire::load_big_endian<std::int32_t>(reinterpret_cast<const std::byte*>(bytes.data() + at));
}

std::string cstring(std::string_view& body) {
    const auto end = body.find('\0');
    std::string out{body.substr(0, end)};
    body.remove_prefix(end + 1);
    return out;
}

std::size_t skip_count(std::string_view& body) {
    const auto n = static_cast<unsigned char>(body[0]) * 256U + static_cast<unsigned char>(body[1]);
    body.remove_prefix(2);
    return n;
}

} // namespace

void server::take(std::string_view bytes) {
    input_ += bytes;
    for (;;) {
        const std::size_t header = started_ ? 1 : 0;
        if (input_.size() < header + 4) return;
        const auto size = header + static_cast<std::size_t>(number_at(input_, header));
        if (input_.size() < size) return;
        const auto message = input_.substr(0, size);
        input_.erase(0, size);
        if (std::exchange(started_, true)) {
            on_message(message[0], std::string_view{message}.substr(5));
            continue;
        }
        for (const auto& m : {be::authentication_ok(), be::parameter_status("client_encoding", "UTF8"),
                              be::parameter_status("server_version", "15.14"), be::backend_key_data(7),
                              be::ready_for_query()})
            out_.add(m);
    }
}

void server::on_message(char type, std::string_view body) {
    if (copying_) {
        if (type == 'd') copied += body;
        if (type != 'c' && type != 'f') return;
        copying_ = false;
        if (type == 'f')
            fail("57014", "COPY from stdin failed");
        else
            out_.add(be::command_complete("COPY 2"));
        out_.add(be::ready_for_query(status));
        return;
    }
    if (skipping_ && type != 'S') return;
    switch (type) {
    case 'P': {
        const auto name = cstring(body);
        statements_[name] = cstring(body);
        out_.add(be::parse_complete());
        break;
    }
    case 'D':
        body.remove_prefix(1);
        describe(statements_[cstring(body)]);
        break;
    case 'B': on_bind(body); break;
    case 'E': execute(); break;
    case 'C':
        body.remove_prefix(1);
        statements_.erase(cstring(body));
        out_.add(be::close_complete());
        break;
    case 'S':
        skipping_ = false;
        out_.add(be::ready_for_query(status));
        break;
    case 'Q': on_query(cstring(body)); break;
    default: break;
    }
}

void server::describe(const std::string& sql) {
    out_.add(be::parameter_description(sql.find("$1") == std::string::npos ? std::vector<std::uint32_t>{}
                                                                           : std::vector<std::uint32_t>{23}));
    if (sql.starts_with("update"))
        out_.add(be::no_data());
    else if (sql.find("users") != std::string::npos)
        out_.add(be::row_description({{"id", 23}, {"name", 25}}));
    else
        out_.add(be::row_description({{"n", 23}}));
}

void server::on_bind(std::string_view body) {
    cstring(body);
    bound_ = statements_[cstring(body)];
    body.remove_prefix(skip_count(body) * 2);
    if (skip_count(body) == 1) argument_ = number_at(body, 4);
    out_.add(be::bind_complete());
}

void server::execute() {
    if (bound_.find("/ 0") != std::string::npos) {
        fail("22012", "division by zero");
        skipping_ = true;
    } else if (bound_.starts_with("update")) {
        out_.add(be::command_complete("UPDATE 2"));
    } else if (bound_.find("users") != std::string::npos) {
        out_.add(be::data_row({be::number(std::int32_t{1}), "ann"}));
        out_.add(be::data_row({be::number(std::int32_t{2}), "bob"}));
        out_.add(be::command_complete("SELECT 2"));
    } else {
        out_.add(be::data_row({be::number(argument_ + 1)}));
        out_.add(be::command_complete("SELECT 1"));
    }
}

void server::on_query(std::string_view sql) {
    if (sql == "copy t from stdin") {
        copying_ = true;
        copied.clear();
        out_.add(be::copy_response('G'));
        return;
    }
    if (sql == "copy t to stdout") {
        out_.add(be::copy_response('H'));
        out_.add(be::message('d', "1\n"));
        out_.add(be::message('d', "2\n"));
        out_.add(be::message('c', ""));
        out_.add(be::command_complete("COPY 2"));
    } else if (sql == "begin") {
        status = 'T';
        out_.add(be::command_complete("BEGIN"));
    } else if (sql == "commit") {
        commits += status == 'T' ? 1 : 0;
        out_.add(be::command_complete(status == 'T' ? "COMMIT" : "ROLLBACK"));
        status = 'I';
    }
    out_.add(be::ready_for_query(status));
}

void server::fail(std::string_view sqlstate, std::string_view what) {
    if (status == 'T') status = 'E';
    out_.add(be::error_response(sqlstate, what));
}

// ---- the driver's part

tusk::protocol::event driver::transfer(bool waiting) {
    using tusk::protocol::event_kind;
    const auto pending = session.pending_output();
    peer.take({reinterpret_cast<const char*>(pending.data()), pending.size()});
    session.sent(pending.size());
    auto bytes = way.take();
    const bool arrived = !bytes.empty();
    for (std::string_view left = bytes; !left.empty();) {
        const auto space = session.input.prepare();
        const auto n = std::min(space.size(), left.size());
        std::memcpy(space.data(), left.data(), n);
        session.input.commit(n);
        left.remove_prefix(n);
    }
    if (arrived || !waiting) return {event_kind::transferred, {}};
    if (way.closed)
        return {event_kind::failed, tusk::failure{tusk::errc::connection_lost, "the server hung up"}};
    if (std::exchange(cancel_pending_, false)) return {event_kind::cancel_finished, {}};
    return {event_kind::timed_out, {}};
}

tusk::failure driver::run(tusk::protocol::machine& m) {
    using tusk::protocol::action_kind;
    using tusk::protocol::event_kind;
    cancel_pending_ = false;
    tusk::protocol::event next{event_kind::start, {}};
    for (int steps = 0; steps < 1000; ++steps) {
        const auto a = m.resume(std::move(next));
        next = {event_kind::transferred, {}};
        switch (a.kind) {
        case action_kind::done: return m.take_result();
        case action_kind::paused: next.kind = event_kind::proceed; break;
        case action_kind::start_tls: next.kind = event_kind::tls_established; break;
        case action_kind::ask_secret:
            m.take_secret(std::string{"secret"});
            next.kind = event_kind::secret_given;
            break;
        case action_kind::compute:
            m.compute();
            next.kind = event_kind::computed;
            break;
        case action_kind::cancel_request: cancel_pending_ = true; [[fallthrough]];
        case action_kind::transfer: next = transfer(true); break;
        case action_kind::stream: next = transfer(false); break;
        }
    }
    turned_in_circles = true;
    return tusk::failure{tusk::errc::timeout, "the machine does not come to an end"};
}

} // namespace memory
