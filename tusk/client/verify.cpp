#include <tusk/client/verify.hpp>

#include <cstdlib>
#include <iostream>

#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <tusk/client/blocking.hpp>
#include <tusk/client/verbs.hpp>
#include <tusk/client/verification.hpp>
#include <tusk/types/array.hpp>

namespace tusk {

namespace {

using rows = std::vector<std::tuple<std::int64_t, std::int64_t>>;

/// A statement of which nobody knows anything yet.
request question(protocol::known_statement about) {
    about.description = nullptr;
    return request{std::move(about), options{}};
}

/// What became of describing one; throws when the server could not be asked.
void note(detail::verification& v, const statement_info& s, const failure& f,
          const detail::describing_sink& sink) {
    if (sink.described())
        v.described(s, *sink.described());
    else if (f.server() != nullptr && f != condition::connection_lost)
        v.refused(s, f);
    else
        throw error{f};
}

} // namespace

statement_problems verify_statements(blocking::verbs& db, const std::vector<const statement_info*>& which) {
    detail::verification v{which};
    for (const auto* s : v.statements()) {
        detail::describing_sink sink;
        auto what = question(db.intern(s->text()));
        const auto f = db.execute(what, sink);
        note(v, *s, f, sink);
    }
    if (v.asks_for_tables())
        v.nullable(db.all<rows::value_type>(detail::verification::nullable_sql, v.tables(), v.attributes()));
    return v.take();
}

statement_problems verify_statements(blocking::verbs& db) { return verify_statements(db, statements()); }

boost::asio::awaitable<statement_problems> verify_statements(verbs& db,
                                                             std::vector<const statement_info*> which) {
    detail::verification v{std::move(which)};
    for (const auto* s : v.statements()) {
        detail::describing_sink sink;
        auto what = question(db.intern(s->text()));
        const auto f = co_await db.execute(what, sink);
        note(v, *s, f, sink);
    }
    if (v.asks_for_tables()) {
        const auto columns =
            co_await db.all<rows::value_type>(detail::verification::nullable_sql, v.tables(), v.attributes());
        v.nullable(columns);
    }
    co_return v.take();
}

boost::asio::awaitable<statement_problems> verify_statements(verbs& db) {
    return verify_statements(db, statements());
}

failure describe_statement(blocking::verbs& db, std::string_view sql) {
    detail::describing_sink sink;
    auto what = question(db.intern(sql));
    auto f = db.execute(what, sink);
    return sink.described() ? failure{} : f;
}

// ---- the hook

namespace {

namespace json = boost::json;

int print(const statement_problems& found, std::size_t count, bool as_json) {
    bool errors = false;
    json::array list;
    for (const auto& p : found) {
        errors = errors || p.is_error();
        if (!as_json) std::cout << p.text() << '\n';
        list.push_back(json::object{{"severity", p.is_error() ? "error" : "warning"},
                                    {"sql", p.sql()},
                                    {"message", p.message()},
                                    {"remedy", p.remedy()}});
    }
    if (as_json)
        std::cout << json::serialize(json::object{{"schema", "tusk.verify.program/1"},
                                                  {"statements", count},
                                                  {"problems", std::move(list)}})
                  << '\n';
    else
        std::cout << count << (count == 1 ? " statement" : " statements") << " verified\n";
    std::cout.flush();
    return errors ? 1 : 0;
}

} // namespace

std::optional<int> handle_verify() {
    return handle_verify([](blocking::connection&) { return statement_problems{}; });
}

std::optional<int> handle_verify(const std::function<statement_problems(blocking::connection&)>& more) {
    const char* server = std::getenv("TUSK_VERIFY");
    if (server == nullptr || *server == '\0') return std::nullopt;
    const char* format = std::getenv("TUSK_VERIFY_FORMAT");
    try {
        auto db = blocking::connection::open(server);
        const auto all = statements();
        auto problems = verify_statements(db, all);
        for (auto& p : more(db)) problems.push_back(std::move(p));
        return print(problems, all.size(), format != nullptr && std::string_view{format} == "json");
    } catch (const std::exception& e) {
        std::cerr << "error: " << e.what() << '\n';
        return 2;
    }
}

} // namespace tusk
