#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <tusk/orm/insert.hpp>

/// Nested inserts, where they are asked for.
namespace tusk::orm {

namespace detail {

/// A relation, and relations of its rows.
template <auto Field, auto... Inner>
struct relation_path {
    static constexpr auto field = Field;
};

} // namespace detail

/// A relation whose rows bring rows of their own:
/// `insert_with<&user::about, orm::within<&user::posts, &post::tags, &post::comments>>(u)`; they nest.
template <auto Field, auto... Inner>
inline constexpr detail::relation_path<Field, Inner...> within{};

namespace detail {

/// The server has made its key: it is there already.
bool has_made_key(const table_info& t, const void* row) noexcept;
/// An insert of rows that reads back what the server made.
std::unique_ptr<insert_steps> insert_of(const table_info& t, std::vector<void*> rows);

/// Some of the rows of a nested insert.
class graph_part {
public:
    virtual ~graph_part() = default;
    /// Adds the statements of the next round trip; false when there is none left.
    virtual bool next(batch& b) = 0;
    virtual std::uint64_t count() const noexcept = 0;
};
using graph_parts = std::vector<std::unique_ptr<graph_part>>;

template <class T, auto... Paths>
class graph_rows;

/// What is said about one relation: its member, and who inserts its rows.
template <class Path, auto Value>
struct graph_path {
    static constexpr auto field = Value;
    template <class T>
    using rows = graph_rows<T>;
};
template <auto Field, auto... Inner, auto Value>
struct graph_path<relation_path<Field, Inner...>, Value> {
    static constexpr auto field = Field;
    template <class T>
    using rows = graph_rows<T, Inner...>;
};
template <auto Path>
using graph_path_of = graph_path<std::remove_cv_t<decltype(Path)>, Path>;

/// Rows of one model: first what they belong to, then they themselves, then what belongs to them, then the
/// rows between. Each part may bring parts of its own.
template <class T, auto... Paths>
class graph_rows final : public graph_part {
public:
    graph_rows(std::vector<T*> rows, void* user_data) : rows_{std::move(rows)}, user_data_{user_data} {}

    bool next(batch& b) override {
        finish();
        for (;;) {
            bool any = false;
            for (const auto& p : parts_) any = p->next(b) || any;
            if (any) return true;
            for (const auto& p : parts_) count_ += p->count();
            parts_.clear();
            switch (stage_++) {
            case 0: (add_owners<Paths>(), ...); break;
            case 1:
                (take_keys<Paths>(), ...);
                if (insert(b, rows_)) return true;
                break;
            case 2: (add_related<Paths>(), ...); break;
            case 3:
                if ((link<Paths>(b) | ... | false)) return true;
                break;
            default: return false;
            }
        }
    }
    std::uint64_t count() const noexcept override { return count_; }

private:
    template <auto Path>
    static constexpr auto field = graph_path_of<Path>::field;
    template <auto Path>
    using relation = relation_of<field<Path>>;
    template <auto Path>
    using child = typename relation<Path>::child;
    template <auto Path>
    static constexpr bool through = !std::is_same_v<typename relation<Path>::junction, no_junction>;

    template <class U>
    bool insert(batch& b, const std::vector<U*>& rows) {
        if (rows.empty()) return false;
        std::vector<void*> all;
        hook_context about{"insert", table_of<U>.name, user_data_};
        for (U* row : rows) {
            call_before_insert(*row, about);
            all.push_back(row);
        }
        auto inserting = insert_of(table_of<U>, all);
        static_cast<void>(inserting->next(b));
        pending_.push_back({std::move(inserting), std::move(all), [](void* row, void* data) {
                                hook_context after{"insert", table_of<U>.name, data};
                                call_after_insert(*static_cast<U*>(row), after);
                            }});
        return true;
    }
    void finish() {
        for (auto& p : pending_) {
            count_ += p.work->take();
            for (void* row : p.rows) p.after(row, user_data_);
        }
        pending_.clear();
    }
    template <auto Path>
    void add_part(std::vector<child<Path>*> rows) {
        using part = typename graph_path_of<Path>::template rows<child<Path>>;
        if (!rows.empty()) parts_.push_back(std::make_unique<part>(std::move(rows), user_data_));
    }

    template <auto Path>
    void add_owners() {
        if constexpr (is_belongs_to<relation<Path>>) {
            std::vector<child<Path>*> owners;
            for (T* row : rows_) {
                const auto& owner = row->*field<Path>;
                if (!owner.is_loaded() || owner.get() == nullptr) continue;
                if (has_made_key(table_of<child<Path>>, owner.get())) continue;
                if (std::find(owners.begin(), owners.end(), owner.get()) == owners.end()) // shared by rows
                    owners.push_back(owner.get());
            }
            add_part<Path>(std::move(owners));
        }
    }
    template <auto Path>
    void take_keys() {
        if constexpr (is_belongs_to<relation<Path>>)
            for (T* row : rows_) {
                const auto& owner = row->*field<Path>;
                if (!owner.is_loaded() || owner.get() == nullptr) continue;
                const auto key = relation<Path>::foreign::of(*owner);
                if (key) relation<Path>::local::assign(*row, *key);
            }
    }
    /// The rows of a relation that were set.
    template <auto Path>
    static std::vector<child<Path>*> related(T& row) {
        std::vector<child<Path>*> out;
        auto& of = row.*field<Path>;
        if (!of.is_loaded()) return out;
        if constexpr (related_model<field_of<field<Path>>>::is_many) {
            for (auto& r : of.rows()) out.push_back(&r);
        } else if (of.get() != nullptr) {
            out.push_back(of.get());
        }
        return out;
    }
    template <auto Path>
    static void give_key(T& parent, const std::vector<child<Path>*>& rows) {
        using r = relation<Path>;
        const auto key = r::local::of(parent);
        if (!key) return;
        for (auto* row : rows) {
            r::foreign::assign(*row, *key);
            if constexpr (requires { r::type_member; })
                row->*r::type_member = field_of<r::type_member>(r::type_value());
        }
    }
    template <auto Path>
    void add_related() {
        if constexpr (!is_belongs_to<relation<Path>>) {
            std::vector<child<Path>*> all;
            for (T* row : rows_) {
                const auto rows = related<Path>(*row);
                if constexpr (!through<Path>) give_key<Path>(*row, rows);
                for (auto* one : rows)
                    if (!through<Path> || !has_made_key(table_of<child<Path>>, one)) all.push_back(one);
            }
            add_part<Path>(std::move(all));
        }
    }
    template <auto Path>
    bool link(batch& b) {
        if constexpr (through<Path>) {
            using r = relation<Path>;
            auto links = std::make_shared<std::vector<typename r::junction>>();
            links_.push_back(links); // they live until they are inserted
            for (T* parent : rows_)
                for (auto* row : related<Path>(*parent)) {
                    auto& link = links->emplace_back();
                    if (auto key = r::local::of(*parent)) r::foreign::assign(link, *key);
                    if (auto key = r::far::of(*row)) r::junction_far::assign(link, *key);
                }
            std::vector<typename r::junction*> all;
            for (auto& link : *links) all.push_back(&link);
            return insert(b, all);
        } else {
            return false;
        }
    }

    struct inserted {
        std::unique_ptr<insert_steps> work;
        std::vector<void*> rows;
        void (*after)(void* row, void* user_data);
    };
    std::vector<T*> rows_;
    void* user_data_;
    graph_parts parts_;
    std::vector<inserted> pending_;
    std::vector<std::shared_ptr<void>> links_;
    std::uint64_t count_ = 0;
    int stage_ = 0;
};

/// As steps for a connection.
class insert_graph_steps final : public steps<std::uint64_t> {
public:
    explicit insert_graph_steps(std::unique_ptr<graph_part> all) : all_{std::move(all)} {}
    bool next(batch& b) override { return all_->next(b); }
    std::uint64_t take() override { return all_->count(); }

private:
    std::unique_ptr<graph_part> all_;
};

} // namespace detail

/// An insert of a row and of the rows in some of its relations; made by
/// `on(db).insert_with<&user::posts, &user::about>(u)`, and `within` for relations of those rows. What a row
/// belongs to is inserted before it and gives it its key, what belongs to the row gets its key and is
/// inserted behind it, rows of a many-to-many relation are inserted and linked. Relations that were not `set`
/// are left alone. Rows that a row belongs to, or is linked with, are there already when the server has made
/// their keys. One transaction, one round trip and one statement a table for each level.
template <class E, class T, auto... Fields>
class insert_graph_query {
    static_assert(sizeof...(Fields) > 0, "tusk: which relations? insert_with<&user::posts>(u)");
    static_assert(
        (std::is_same_v<typename detail::relation_of<detail::graph_path_of<Fields>::field>::parent, T> &&
         ...),
        "tusk: the relation belongs to another model");

public:
    insert_graph_query(detail::runner<E> by, T& row, void* user_data)
        : by_{by}, row_{&row}, user_data_{user_data} {}
    /// Inserts, and returns the number of rows, also those between.
    auto exec() const {
        auto rows = std::make_unique<detail::graph_rows<T, Fields...>>(std::vector<T*>{row_}, user_data_);
        std::unique_ptr<detail::steps<std::uint64_t>> work =
            std::make_unique<detail::insert_graph_steps>(std::move(rows));
        return detail::drive_together(*by_.on, by_.call, std::move(work));
    }

private:
    detail::runner<E> by_;
    T* row_;
    void* user_data_;
};

} // namespace tusk::orm
