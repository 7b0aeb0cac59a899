#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/client/options.hpp>
#include <tusk/client/statement.hpp>

namespace tusk::detail {

template <class S>
using row_of = typename S::row_type;

/// The verbs for `sql<…>` statements, in terms of those for texts, which `Verbs` has: the row type comes from
/// the statement, and its arguments are checked.
template <class Verbs, class Base>
class statement_verbs : public Base {
public:
    template <statement_of_program S, class... A>
    auto exec(const S& s, const A&... args) {
        return exec(options{}, s, args...);
    }
    template <statement_of_program S, class... A>
    auto exec(const options& o, const S&, const A&... args) {
        return S::with_arguments([&](const auto&... a) { return self().exec(o, S::text(), a...); }, args...);
    }
    template <statement_of_program S, class... A>
    auto try_exec(const S& s, const A&... args) {
        return try_exec(options{}, s, args...);
    }
    template <statement_of_program S, class... A>
    auto try_exec(const options& o, const S&, const A&... args) {
        return S::with_arguments([&](const auto&... a) { return self().try_exec(o, S::text(), a...); },
                                 args...);
    }

    template <statement_with_rows S, class... A>
    auto one(const S& s, const A&... args) {
        return one(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto one(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template one<row_of<S>>(o, S::text(), a...); }, args...);
    }

    template <statement_with_rows S, class... A>
    auto maybe(const S& s, const A&... args) {
        return maybe(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto maybe(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template maybe<row_of<S>>(o, S::text(), a...); }, args...);
    }

    template <statement_with_rows S, class... A>
    auto all(const S& s, const A&... args) {
        return all(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto all(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template all<row_of<S>>(o, S::text(), a...); }, args...);
    }

    template <statement_with_rows S, class... A>
    auto stream(const S& s, const A&... args) {
        return stream(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto stream(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template stream<row_of<S>>(o, S::text(), a...); }, args...);
    }

    template <statement_with_rows S, class... A>
    auto try_one(const S& s, const A&... args) {
        return try_one(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto try_one(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template try_one<row_of<S>>(o, S::text(), a...); },
            args...);
    }

    template <statement_with_rows S, class... A>
    auto try_maybe(const S& s, const A&... args) {
        return try_maybe(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto try_maybe(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template try_maybe<row_of<S>>(o, S::text(), a...); },
            args...);
    }

    template <statement_with_rows S, class... A>
    auto try_all(const S& s, const A&... args) {
        return try_all(options{}, s, args...);
    }
    template <statement_with_rows S, class... A>
    auto try_all(const options& o, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) { return self().template try_all<row_of<S>>(o, S::text(), a...); },
            args...);
    }

    template <class F, statement_with_rows S, class... A>
    auto for_each(F f, const S& s, const A&... args) {
        return for_each(options{}, std::move(f), s, args...);
    }
    template <class F, statement_with_rows S, class... A>
    auto for_each(const options& o, F f, const S&, const A&... args) {
        return S::with_arguments(
            [&](const auto&... a) {
                return self().template for_each<row_of<S>>(o, std::move(f), S::text(), a...);
            },
            args...);
    }

private:
    Verbs& self() noexcept { return static_cast<Verbs&>(*this); }
};

} // namespace tusk::detail
