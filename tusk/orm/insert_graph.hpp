#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <tusk/orm/insert.hpp>

/// Nested inserts, where they are asked for.
namespace tusk::orm {

namespace detail {

/// The server has made its key: it is there already.
bool has_made_key(const table_info& t, const void* row) noexcept;
/// An insert of rows that reads back what the server made.
std::unique_ptr<insert_steps> insert_of(const table_info& t, std::vector<void*> rows);

/// First what the row belongs to, then the row, then what belongs to it, then the rows between.
template <class T, auto... Fields>
class insert_graph_steps final : public steps<std::uint64_t> {
public:
    insert_graph_steps(T& row, void* user_data) : row_{&row}, user_data_{user_data} {}

    bool next(batch& b) override {
        finish();
        bool any = false;
        while (!any && stage_ < 4) {
            switch (stage_++) {
            case 0: any = (insert_owner<Fields>(b) | ... | false); break;
            case 1:
                (take_key<Fields>(), ...);
                any = add(b, std::vector<T*>{row_});
                break;
            case 2: any = (insert_related<Fields>(b) | ... | false); break;
            default: any = (link<Fields>(b) | ... | false);
            }
        }
        return any;
    }
    std::uint64_t take() override { return count_; }

private:
    template <auto Field>
    using relation = relation_of<Field>;
    template <auto Field>
    static constexpr bool through = !std::is_same_v<typename relation<Field>::junction, no_junction>;

    template <class U>
    bool add(batch& b, const std::vector<U*>& rows) {
        std::vector<void*> all;
        hook_context about{"insert", table_of<U>.name, user_data_};
        for (U* row : rows) {
            call_before_insert(*row, about);
            all.push_back(row);
        }
        if (all.empty()) return false;
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
    template <auto Field>
    bool insert_owner(batch& b) {
        if constexpr (is_belongs_to<relation<Field>>) {
            auto& owner = row_->*Field;
            using child = typename relation<Field>::child;
            if (!owner.is_loaded() || owner.get() == nullptr) return false;
            if (has_made_key(table_of<child>, owner.get())) return false;
            return add(b, std::vector<child*>{owner.get()});
        } else {
            return false;
        }
    }
    template <auto Field>
    void take_key() {
        if constexpr (is_belongs_to<relation<Field>>) {
            const auto& owner = row_->*Field;
            if (!owner.is_loaded() || owner.get() == nullptr) return;
            if (auto key = relation<Field>::foreign::of(*owner)) relation<Field>::local::assign(*row_, *key);
        }
    }
    template <auto Field>
    auto related() {
        using child = typename relation<Field>::child;
        std::vector<child*> out;
        auto& field = row_->*Field;
        if (!field.is_loaded()) return out;
        if constexpr (related_model<field_of<Field>>::is_many) {
            for (auto& r : field.rows()) out.push_back(&r);
        } else if (field.get() != nullptr) {
            out.push_back(field.get());
        }
        return out;
    }
    template <auto Field>
    bool insert_related(batch& b) {
        using r = relation<Field>;
        if constexpr (is_belongs_to<r>) {
            return false;
        } else {
            auto rows = related<Field>();
            if constexpr (through<Field>) {
                std::erase_if(rows, [](auto* row) { return has_made_key(table_of<typename r::child>, row); });
            } else if (const auto key = r::local::of(*row_)) {
                for (auto* row : rows) {
                    r::foreign::assign(*row, *key);
                    if constexpr (requires { r::type_member; })
                        row->*r::type_member = field_of<r::type_member>(r::type_value());
                }
            }
            return add(b, rows);
        }
    }
    template <auto Field>
    bool link(batch& b) {
        if constexpr (through<Field>) {
            using r = relation<Field>;
            auto& links = links_of<Field>();
            for (auto* row : related<Field>()) {
                auto& link = links.emplace_back();
                if (auto key = r::local::of(*row_)) r::foreign::assign(link, *key);
                if (auto key = r::far::of(*row)) r::junction_far::assign(link, *key);
            }
            std::vector<typename r::junction*> all;
            for (auto& link : links) all.push_back(&link);
            return add(b, all);
        } else {
            return false;
        }
    }
    /// Where the rows between live until they are inserted.
    template <auto Field>
    auto& links_of() {
        using r = relation<Field>;
        auto kept = std::make_shared<std::vector<typename r::junction>>();
        links_.push_back(kept);
        return *kept;
    }

    struct inserted {
        std::unique_ptr<insert_steps> work;
        std::vector<void*> rows;
        void (*after)(void* row, void* user_data);
    };
    T* row_;
    void* user_data_;
    std::vector<inserted> pending_;
    std::vector<std::shared_ptr<void>> links_;
    std::uint64_t count_ = 0;
    int stage_ = 0;
};

} // namespace detail

/// An insert of a row and of the rows in some of its relations; made by
/// `on(db).insert_with<&user::posts, &user::about>(u)`. What the row belongs to is inserted before it and
/// gives it its key, what belongs to the row gets its key and is inserted behind it, rows of a many-to-many
/// relation are inserted and linked. Relations that were not `set` are left alone. Rows that the row belongs
/// to, or is linked with, are there already when the server has made their keys. One transaction, one round
/// trip for each level.
template <class E, class T, auto... Fields>
class insert_graph_query {
    static_assert(sizeof...(Fields) > 0, "tusk: which relations? insert_with<&user::posts>(u)");
    static_assert((std::is_same_v<typename detail::relation_of<Fields>::parent, T> && ...),
                  "tusk: the relation belongs to another model");

public:
    insert_graph_query(detail::runner<E> by, T& row, void* user_data)
        : by_{by}, row_{&row}, user_data_{user_data} {}
    /// Inserts, and returns the number of rows, also those between.
    auto exec() const {
        std::unique_ptr<detail::steps<std::uint64_t>> work =
            std::make_unique<detail::insert_graph_steps<T, Fields...>>(*row_, user_data_);
        return detail::drive_together(*by_.on, by_.call, std::move(work));
    }

private:
    detail::runner<E> by_;
    T* row_;
    void* user_data_;
};

} // namespace tusk::orm
