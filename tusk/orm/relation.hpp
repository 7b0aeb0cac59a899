#pragma once

#include <memory>
#include <source_location>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/orm/model.hpp>

/// Rows that belong to rows. A relation is a member `many<T>` or `one<T>`, and one line in the model's
/// `rels`, which is defined where both models are complete:
///
///     struct user { …; orm::many<post> posts; struct rels; };
///     struct user::rels : orm::relations<orm::has_many<&user::posts, &user::id, &post::user_id>> {};
///
/// Nothing is ever fetched by looking at it: what a query did not `load` is *not loaded*, and reading it
/// throws.
namespace tusk::orm {

namespace detail {
[[noreturn]] void relation_not_loaded(std::string_view type);
}

/// The rows on the other side of a has-many or many-to-many relation.
template <class T>
class many {
public:
    many() = default;
    bool is_loaded() const noexcept { return loaded_; }
    /// Throws `tusk::error` (`errc::invalid_argument`) when they were not loaded; so do the others.
    const std::vector<T>& rows() const {
        if (!loaded_) detail::relation_not_loaded(tusk::detail::cpp_type_name<T>());
        return rows_;
    }
    std::vector<T>& rows() {
        if (!loaded_) detail::relation_not_loaded(tusk::detail::cpp_type_name<T>());
        return rows_;
    }
    std::size_t size() const { return rows().size(); }
    bool empty() const { return rows().empty(); }
    auto begin() const { return rows().begin(); }
    auto end() const { return rows().end(); }
    auto begin() { return rows().begin(); }
    auto end() { return rows().end(); }
    const T& operator[](std::size_t i) const { return rows()[i]; }
    T& operator[](std::size_t i) { return rows()[i]; }
    /// These are the rows; as a query does, and a program that is about to insert them.
    void set(std::vector<T> rows) {
        rows_ = std::move(rows);
        loaded_ = true;
    }

private:
    std::vector<T> rows_;
    bool loaded_ = false;
};

/// The row on the other side of a belongs-to or has-one relation, if there is one. Rows that belong to the
/// same one share it.
template <class T>
class one {
public:
    one() = default;
    bool is_loaded() const noexcept { return loaded_; }
    /// Null when there is none. Throws `tusk::error` (`errc::invalid_argument`) when it was not loaded; so do
    /// the others.
    T* get() const {
        if (!loaded_) detail::relation_not_loaded(tusk::detail::cpp_type_name<T>());
        return row_.get();
    }
    explicit operator bool() const { return get() != nullptr; }
    /// Throws `errc::not_found` when there is none.
    T& operator*() const {
        T* row = get();
        if (row == nullptr) throw error{errc::not_found, "the relation is loaded, and there is no row"};
        return *row;
    }
    T* operator->() const { return &**this; }
    void set(std::shared_ptr<T> row) {
        row_ = std::move(row);
        loaded_ = true;
    }
    const std::shared_ptr<T>& shared() const noexcept { return row_; }

private:
    std::shared_ptr<T> row_;
    bool loaded_ = false;
};

namespace detail {

template <class>
struct related_model;
template <class T>
struct related_model<many<T>> {
    using type = T;
    static constexpr bool is_many = true;
};
template <class T>
struct related_model<one<T>> {
    using type = T;
    static constexpr bool is_many = false;
};

/// Columns that together are a key.
template <auto... Members>
struct key_columns {
    using value = std::tuple<typename tusk::detail::unwrap_optional<field_of<Members>>::type...>;
    static constexpr std::size_t size = sizeof...(Members);

    static std::vector<const column_info*> columns() { return {&column_of<Members>...}; }
    static constexpr bool is_pk() { return (column_of<Members>.is(column_flag::pk) && ...); }
    /// Nothing when a part is NULL.
    template <class T>
    static std::optional<value> of(const T& row) {
        const auto given = [](const auto& field) {
            if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>)
                return field.has_value();
            else
                return true;
        };
        const auto plain = [](const auto& field) -> const auto& {
            if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>)
                return *field;
            else
                return field;
        };
        if (!(given(row.*Members) && ...)) return std::nullopt;
        return value{plain(row.*Members)...};
    }
    template <class T>
    static void assign(T& row, const value& key) {
        std::apply([&](const auto&... v) { ((row.*Members = v), ...); }, key);
    }
};

template <std::size_t From, std::size_t Count, class List>
struct key_part;
template <std::size_t From, std::size_t Count, auto... Members>
struct key_part<From, Count, key_columns<Members...>> {
    static constexpr auto all = std::make_tuple(Members...);
    template <std::size_t... I>
    static key_columns<std::get<From + I>(all)...> pick(std::index_sequence<I...>);
    using type = decltype(pick(std::make_index_sequence<Count>{}));
};

struct no_junction {};

template <class Relation>
constexpr void check_relation() {
    static_assert(std::is_same_v<typename Relation::local::value, typename Relation::foreign::value>,
                  "tusk: the keys of a relation have different types");
}

} // namespace detail

/// The related rows have this row's key: `has_many<&user::posts, &user::id, &post::user_id>`. For composite
/// keys first all columns here, then all there.
template <auto Field, auto... Keys>
struct has_many {
    static_assert(sizeof...(Keys) > 0 && sizeof...(Keys) % 2 == 0,
                  "tusk: a relation has as many key columns on one side as on the other");
    static constexpr auto field = Field;
    using parent = detail::owner_of<Field>;
    using child = typename detail::related_model<detail::field_of<Field>>::type;
    using local = typename detail::key_part<0, sizeof...(Keys) / 2, detail::key_columns<Keys...>>::type;
    using foreign = typename detail::key_part<sizeof...(Keys) / 2, sizeof...(Keys) / 2,
                                              detail::key_columns<Keys...>>::type;
    using junction = detail::no_junction;
    static constexpr std::string_view type_value() noexcept { return {}; }
};
/// One related row has this row's key.
template <auto Field, auto... Keys>
struct has_one : has_many<Field, Keys...> {};
/// This row has the key of the related one: `belongs_to<&post::author, &post::user_id, &user::id>`.
template <auto Field, auto... Keys>
struct belongs_to : has_many<Field, Keys...> {};

namespace detail {
template <class Relation>
inline constexpr bool is_belongs_to = false;
template <auto Field, auto... Keys>
inline constexpr bool is_belongs_to<belongs_to<Field, Keys...>> = true;
} // namespace detail

/// Through a table between: `many_to_many<&order::items, &order::id, &order_item::order_id,
/// &order_item::item_id, &item::id>`. Composite keys: four groups of the same size.
template <auto Field, auto... Keys>
struct many_to_many {
    static_assert(
        sizeof...(Keys) > 0 && sizeof...(Keys) % 4 == 0,
        "tusk: a many-to-many relation has four groups of key columns: here, the junction's two, there");
    static constexpr std::size_t n = sizeof...(Keys) / 4;
    static constexpr auto field = Field;
    using parent = detail::owner_of<Field>;
    using child = typename detail::related_model<detail::field_of<Field>>::type;
    using all = detail::key_columns<Keys...>;
    using local = typename detail::key_part<0, n, all>::type;
    using foreign = typename detail::key_part<n, n, all>::type; ///< The junction's, to this side.
    using junction_far = typename detail::key_part<2 * n, n, all>::type;
    using far = typename detail::key_part<3 * n, n, all>::type;
    using junction = detail::owner_of<std::get<n>(std::make_tuple(Keys...))>;
    static constexpr std::string_view type_value() noexcept { return {}; }
};

/// The related rows say by a column what kind of row they belong to: `polymorphic_many<&book::comments,
/// &book::id, &comment::target_id, &comment::target_type, "book">`.
template <auto Field, auto Local, auto Foreign, auto Type, sql_text Value>
struct polymorphic_many : has_many<Field, Local, Foreign> {
    static constexpr auto kept = Value;
    static constexpr auto type_member = Type;
    static constexpr std::string_view type_value() noexcept { return kept.view(); }
};

/// The relations of a model.
template <class... Relations>
struct relations {
    using list = detail::type_list<Relations...>;
};

namespace detail {

template <auto Field, class Relation>
constexpr bool is_for_field() {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(Field)>,
                                 std::remove_cv_t<decltype(Relation::field)>>)
        return Field == Relation::field;
    else
        return false;
}

template <auto Field, class List>
struct find_relation;
template <auto Field>
struct find_relation<Field, type_list<>> {
    using type = void;
};
template <auto Field, class First, class... Rest>
struct find_relation<Field, type_list<First, Rest...>> {
    using type = std::conditional_t<is_for_field<Field, First>(), std::type_identity<First>,
                                    find_relation<Field, type_list<Rest...>>>::type;
};

template <class T>
concept has_relations = requires { typename T::rels::list; };

template <auto Field>
struct relation_lookup {
    using owner = owner_of<Field>;
    static_assert(has_relations<owner>, "tusk: the model has no `struct rels` that is complete here");
    using type = typename find_relation<Field, typename owner::rels::list>::type;
    static_assert(!std::is_void_v<type>, "tusk: the member is not a relation of its model's `rels`");
};
template <auto Field>
using relation_of = typename relation_lookup<Field>::type;

} // namespace detail

} // namespace tusk::orm
