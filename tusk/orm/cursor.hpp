#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <tusk/orm/conditions.hpp>

/// Pages by key: the next page begins behind the last row of this one, however far that is, and rows that
/// come and go before it do not move it.
namespace tusk::orm {

namespace detail {

/// Texts as one word for URLs, and back; nothing for what is none. `shape` tells cursors of different keys
/// apart.
std::string pack_cursor(std::string_view shape, const std::vector<std::string>& values);
std::optional<std::vector<std::string>> unpack_cursor(std::string_view shape, std::string_view cursor);

} // namespace detail

enum class page_order : std::uint8_t { ascending, descending };

/// The columns that rows are paged by, in order; the last one makes them unique:
///
///     using by_stars = orm::keyset<&post::stars, &post::id>;
///     auto q = orm::select<post>();
///     by_stars::page(q, cursor, 20, orm::page_order::descending);
///     auto rows = co_await q.all(db);
///     auto next = by_stars::cursor(rows.back());
template <auto... Members>
class keyset {
    static_assert(sizeof...(Members) > 0, "tusk: a keyset needs columns");
    static_assert((!is_optional<detail::field_of<Members>> && ...),
                  "tusk: a keyset's columns cannot be NULL; a comparison with NULL finds no rows");
    using model = detail::owner_of<std::get<0>(std::make_tuple(Members...))>;
    using key = std::tuple<detail::field_of<Members>...>;

public:
    /// Where this row is; opaque, and good in a URL.
    static std::string cursor(const model& row) {
        return detail::pack_cursor(shape(), {text_of(row.*Members)...});
    }

    /// The page behind `after` (the first one when it is empty). A cursor that is none, or one of another
    /// keyset, is `errc::invalid_argument`.
    template <class Query>
    static Query& page(Query& q, std::string_view after, std::int64_t size,
                       page_order d = page_order::ascending) {
        auto& state = q.state();
        if (!after.empty()) {
            sql_writer condition;
            if (const auto values = detail::unpack_cursor(shape(), after))
                write_condition(condition, *values, d, std::index_sequence_for<decltype(Members)...>{});
            else
                condition.fail(failure{errc::invalid_argument, "the cursor is not one of this listing"});
            state.add(clause::where, std::move(condition));
        }
        (write_order(state, column_of<Members>, d), ...);
        state.limit = size;
        return q;
    }

private:
    static std::string shape() {
        std::string out{table_of<model>.name};
        ((out += ',', out += column_of<Members>.name), ...);
        return out;
    }
    template <class F>
    static std::string text_of(const F& value) {
        value_sink sink;
        static_cast<void>(codec<F>::encode_text(sink, codec<F>::natural, value));
        const auto bytes = sink.bytes();
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    template <std::size_t... I>
    static void write_condition(sql_writer& out, const std::vector<std::string>& values, page_order d,
                                std::index_sequence<I...>) {
        key k;
        const bool good = values.size() == sizeof...(I) &&
                          ((codec<std::tuple_element_t<I, key>>::decode_text(
                                codec<std::tuple_element_t<I, key>>::natural, values[I], std::get<I>(k)) ==
                            codec_errc::ok) &&
                           ...);
        if (!good) return out.fail(failure{errc::invalid_argument, "the cursor is not one of this listing"});
        out.text("(");
        std::size_t i = 0;
        ((out.text(i++ == 0 ? "" : ", "), out.qualified(table_of<model>.alias, column_of<Members>.name)),
         ...);
        out.text(d == page_order::descending ? ") < (" : ") > (");
        i = 0;
        ((out.text(i++ == 0 ? "" : ", "), out.value(bound_value{std::get<I>(k)})), ...);
        out.text(")");
    }
    static void write_order(query_state& state, const column_info& c, page_order d) {
        sql_writer out;
        out.qualified(table_of<model>.alias, c.name);
        if (d == page_order::descending) out.text(" DESC");
        state.add(clause::order, std::move(out));
    }
};

} // namespace tusk::orm
