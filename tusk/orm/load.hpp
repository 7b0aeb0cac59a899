#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <tusk/client/batch.hpp>
#include <tusk/orm/conditions.hpp>
#include <tusk/orm/hooks.hpp>
#include <tusk/orm/relation.hpp>
#include <tusk/orm/run.hpp>

/// Loading relations: one statement for each relation, whatever the number of rows, all those of a level in
/// one round trip.
namespace tusk::orm {

namespace detail {

/// Loads one relation of some rows, and what was asked for of the rows it finds.
template <class Parent>
class loader {
public:
    virtual ~loader() = default;
    /// A copy that has not begun.
    virtual std::shared_ptr<loader> fresh() const = 0;
    /// For these rows; they stay where they are until the end.
    virtual void start(std::vector<Parent*> parents) = 0;
    /// The rows by now; they have the keys of those that it was started with.
    virtual void adopt(std::vector<Parent*> parents) = 0;
    /// The primary key is all that it needs of a row.
    virtual bool needs_only_pk() const noexcept = 0;
    /// Adds what is to be asked next; false when all is done.
    virtual bool next(batch& b) = 0;
};

template <class T>
using loaders = std::vector<std::shared_ptr<loader<T>>>;

template <class T>
loaders<T> fresh_copies(const loaders<T>& of) {
    loaders<T> out;
    for (const auto& l : of) out.push_back(l->fresh());
    return out;
}

/// Advances all; true when there is something to run.
template <class T>
bool advance_all(const loaders<T>& all, batch& b) {
    bool any = false;
    for (const auto& l : all) any = l->next(b) || any;
    return any;
}

/// Rows of a relation, each with the key of the row it belongs to.
template <class Child, class Keyed, class Key>
class keyed_sink final : public shaped_sink {
public:
    using value_type = std::vector<std::pair<typename Key::value, Child>>;
    explicit keyed_sink(std::shared_ptr<const row_shape> shape) : shaped_sink{std::move(shape), &plan_key} {}
    bool restart() override {
        rows_.clear();
        return true;
    }
    result<value_type> take() { return std::move(rows_); }

protected:
    bool begin_row(std::span<void*> objects) override {
        auto& row = rows_.emplace_back();
        objects[0] = &row.second;
        objects[objects.size() - 1] = &key_;
        return true;
    }
    protocol::flow end_row() override {
        if (auto key = Key::of(key_)) rows_.back().first = std::move(*key);
        return protocol::flow::proceed;
    }

private:
    static inline const char plan_key = 0;
    value_type rows_;
    Keyed key_{};
};

template <class Relation>
struct keyed_row {
    using type = std::conditional_t<std::is_same_v<typename Relation::junction, no_junction>,
                                    typename Relation::child, typename Relation::junction>;
};

template <class Relation>
class relation_loader;

/// What a query of a relation says, without its types.
struct relation_settings {
    query_state state;
    std::vector<sql_writer> on;
    std::optional<std::int64_t> limit_each;
};

/// Writes the statement for a relation. `keys`: one array for each of its columns.
struct relation_statement {
    const relation_settings& settings;
    std::vector<const column_info*> foreign; ///< Of the table with `key_alias`.
    std::string_view key_alias;
    const value_list& keys;
    const table_info* junction = nullptr;
    std::vector<const column_info*> junction_far;
    std::vector<const column_info*> far;
    const column_info* type_column = nullptr;
    std::string_view type_value;

    void write(sql_writer& out) const;
    /// For EXISTS: rows whose key is that of a row of the query around.
    void write_correlated(sql_writer& out, std::string_view outer,
                          const std::vector<const column_info*>& local) const;

private:
    query_state grouped() const;
    void write_each(sql_writer& out) const;
    void add_junction(query_state& q) const;
    void add_type(query_state& q) const;
};

} // namespace detail

namespace detail {

/// A LEFT JOIN of a relation to one, its key first among its columns.
/// The columns of a joined table are read.
void read_joined(query_state& q, const table_info& t, const std::string& alias,
                 const std::vector<const column_info*>& foreign);
void add_left_join(query_state& q, const table_info& t, const std::string& alias,
                   const std::vector<const column_info*>& local,
                   const std::vector<const column_info*>& foreign, sql_writer on);
/// Without what ends a comment.
std::string harmless_comment(std::string_view text);

} // namespace detail

/// How a relation is loaded; given to the function of `load`:
///
///     .load<&user::posts>([](auto& posts) { posts.where("p.title <> ?", "").order("p.id
///     desc").limit_each(3); })
template <class Relation>
class relation_query
    : public detail::conditions<
          relation_query<Relation>, typename Relation::child,
          std::conditional_t<std::is_same_v<typename Relation::junction, detail::no_junction>,
                             detail::scope<detail::in_scope<typename Relation::child>>,
                             detail::scope<detail::in_scope<typename Relation::child>, detail::anything>>> {
public:
    using child = typename Relation::child;
    using scope = detail::scope<detail::in_scope<child>, detail::anything>;

    relation_query() { settings_.state.model = &table_of<child>; }
    query_state& state() noexcept { return settings_.state; }
    relation_query& conditioned() noexcept { return *this; }
    const detail::relation_settings& settings() const noexcept { return settings_; }

    template <class... A>
    relation_query& order(std::type_identity_t<fragment<scope, A...>> sql, const A&... args) {
        state().add(clause::order, detail::written(state(), sql.text(), args...));
        return *this;
    }
    /// Only these columns; the others keep their members' defaults.
    template <auto... Members>
    relation_query& columns() {
        (state().choose(column_of<Members>), ...);
        return *this;
    }
    template <auto... Members>
    relation_query& exclude() {
        (state().leave_out(column_of<Members>), ...);
        return *this;
    }
    /// At most that many rows for each row that they belong to.
    relation_query& limit_each(std::int64_t n) {
        settings_.limit_each = n;
        return *this;
    }
    /// A relation of the related rows.
    template <auto Field, class F>
    relation_query& load(F f) {
        using nested = detail::relation_of<Field>;
        static_assert(std::is_same_v<typename nested::parent, child>,
                      "tusk: the relation belongs to another model");
        relation_query<nested> q;
        f(q);
        loads_.push_back(std::make_shared<detail::relation_loader<nested>>(std::move(q)));
        return *this;
    }
    template <auto Field>
    relation_query& load() {
        return load<Field>([](auto&) {});
    }
    detail::loaders<child>& loads() noexcept { return loads_; }

private:
    detail::relation_settings settings_;
    detail::loaders<child> loads_;
};

namespace detail {

template <class Relation>
class relation_loader final : public loader<typename Relation::parent> {
    using parent = typename Relation::parent;
    using child = typename Relation::child;
    using key = typename Relation::local::value;
    using keyed = typename keyed_row<Relation>::type;
    using sink = keyed_sink<child, keyed, typename Relation::foreign>;
    static constexpr bool to_many = related_model<field_of<Relation::field>>::is_many;
    static constexpr bool direct = std::is_same_v<typename Relation::junction, no_junction>;

public:
    explicit relation_loader(relation_query<Relation> q) : query_{std::move(q)} {
        check_relation<Relation>();
    }

    std::shared_ptr<loader<parent>> fresh() const override {
        auto copy = query_;
        copy.loads() = fresh_copies(copy.loads());
        return std::make_shared<relation_loader>(std::move(copy));
    }
    void start(std::vector<parent*> parents) override {
        parents_ = std::move(parents);
        phase_ = phase::ask;
    }
    void adopt(std::vector<parent*> parents) override { parents_ = std::move(parents); }
    bool needs_only_pk() const noexcept override { return Relation::local::is_pk(); }
    bool next(batch& b) override {
        if (phase_ == phase::ask) {
            phase_ = phase::read;
            if (ask(b)) return true;
        }
        if (phase_ == phase::read) {
            phase_ = phase::nested;
            distribute();
        }
        return advance_all(query_.loads(), b);
    }

private:
    enum class phase : std::uint8_t { ask, read, nested };

    std::vector<key> wanted_keys() const {
        std::map<key, bool> seen;
        for (const auto* p : parents_)
            if (auto k = Relation::local::of(*p)) seen.emplace(std::move(*k), true);
        std::vector<key> out;
        out.reserve(seen.size());
        for (auto& [k, unused] : seen) out.push_back(k);
        return out;
    }
    bool ask(batch& b) {
        const auto keys = wanted_keys();
        answer_.reset();
        if (keys.empty()) return false;
        value_list arrays;
        add_arrays(arrays, keys, std::make_index_sequence<std::tuple_size_v<key>>{});
        sql_writer sql;
        statement(arrays).write(sql);
        auto shape = std::make_shared<row_shape>();
        shape->slots = query_.state().slots();
        shape->keyed = true;
        for (const auto* c : Relation::foreign::columns()) shape->slots.push_back({c, 1});
        answer_.emplace(add_to(b, std::move(sql), sink{std::move(shape)}));
        return true;
    }
    template <std::size_t... I>
    static void add_arrays(value_list& out, const std::vector<key>& keys, std::index_sequence<I...>) {
        const auto add = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
            std::vector<std::tuple_element_t<N, key>> column;
            for (const auto& k : keys) column.push_back(std::get<N>(k));
            out.emplace_back(column);
        };
        (add(std::integral_constant<std::size_t, I>{}), ...);
    }
    relation_statement statement(const value_list& arrays) {
        relation_statement s{query_.settings(),
                             Relation::foreign::columns(),
                             query_.state().alias(),
                             arrays,
                             nullptr,
                             {},
                             {},
                             nullptr,
                             {}};
        if constexpr (!direct) {
            s.junction = &table_of<typename Relation::junction>;
            s.key_alias = s.junction->alias;
            s.junction_far = Relation::junction_far::columns();
            s.far = Relation::far::columns();
        }
        if constexpr (requires { Relation::type_member; }) {
            s.type_column = &column_of<Relation::type_member>;
            s.type_value = Relation::type_value();
        }
        return s;
    }
    void distribute() {
        std::vector<std::pair<key, child>> rows;
        if (answer_) rows = answer_->get();
        hook_context about{"select", table_of<child>.name};
        for (auto& [k, row] : rows) call_after_select(row, about);
        std::map<key, std::vector<parent*>> by_key;
        for (auto* p : parents_)
            if (auto k = Relation::local::of(*p)) by_key[std::move(*k)].push_back(p);
        if constexpr (to_many)
            give_many(rows, by_key);
        else
            give_one(rows, by_key);
        for (const auto& l : query_.loads()) l->start(children_);
    }
    void give_many(std::vector<std::pair<key, child>>& rows, std::map<key, std::vector<parent*>>& by_key) {
        std::map<parent*, std::vector<child>> found;
        for (auto& [k, row] : rows) {
            const auto at = by_key.find(k);
            if (at == by_key.end()) continue; // of a row that is gone by now
            auto& owners = at->second;
            for (std::size_t i = 0; i + 1 < owners.size(); ++i) found[owners[i]].push_back(row);
            found[owners.back()].push_back(std::move(row));
        }
        for (auto* p : parents_) {
            (p->*Relation::field).set(std::move(found[p]));
            for (auto& c : (p->*Relation::field).rows()) children_.push_back(&c);
        }
    }
    void give_one(std::vector<std::pair<key, child>>& rows, std::map<key, std::vector<parent*>>& by_key) {
        for (auto* p : parents_) (p->*Relation::field).set(nullptr);
        for (auto& [k, row] : rows) {
            const auto at = by_key.find(k);
            if (at == by_key.end()) continue;
            if ((at->second.front()->*Relation::field).shared())
                throw error{errc::too_many_rows, "several rows of " + std::string{table_of<child>.name} +
                                                     " for one row of " + std::string{table_of<parent>.name} +
                                                     " in a relation to one"};
            auto shared = std::make_shared<child>(std::move(row));
            children_.push_back(shared.get());
            for (auto* p : at->second) (p->*Relation::field).set(shared);
        }
    }

    relation_query<Relation> query_;
    std::vector<parent*> parents_;
    std::vector<child*> children_;
    std::optional<batch_result<typename sink::value_type>> answer_;
    phase phase_ = phase::ask;
};

} // namespace detail

} // namespace tusk::orm
