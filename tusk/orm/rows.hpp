#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <tusk/client/sinks.hpp>
#include <tusk/orm/query_state.hpp>

/// Rows of models, decoded straight from the receive buffer into the members.
namespace tusk::orm::detail {

/// What the columns of a statement are to become.
struct row_shape {
    /// A joined row that hangs on another object of the row.
    struct joined_object {
        std::uint16_t parent;
        void* (*attach)(void* parent); ///< Makes it.
        void (*absent)(void* parent);  ///< There is none.
    };
    row_slots slots;
    std::vector<joined_object> joined; ///< Object 1 and those that follow.
    bool whole = false;                ///< All columns of a model in their order, and nothing else.
    bool keyed = false; ///< One more object, for the derived sink: the key that the row is found by.
    std::size_t objects() const noexcept { return 1 + joined.size() + (keyed ? 1 : 0); }
};

/// Decodes a row of all of a model's columns into one.
using whole_row_decoder = bool (*)(const row_plan& plan, std::span<const std::byte> body, void* row,
                                   row_error& error);

/// Column after column, without a detour by their descriptions. By places: a type list in the names of
/// functions makes them very long.
template <class T, std::size_t... I>
bool decode_columns(const row_plan& plan, std::span<const std::byte> body, T& row, row_error& error,
                    std::index_sequence<I...>) {
    constexpr std::size_t n = sizeof...(I);
    if (body.size() < 2 || wire::load_big_endian<std::uint16_t>(body.data()) != n) return false;
    return tusk::detail::decode_in_order(plan, body.data() + 2, body.data() + body.size(),
                                         std::tie(entry_at<T, I>::getter::get(row)...), error,
                                         std::make_index_sequence<n>{});
}
template <class T>
bool decode_whole_row(const row_plan& plan, std::span<const std::byte> body, void* row, row_error& error) {
    return decode_columns(plan, body, *static_cast<T*>(row), error,
                          std::make_index_sequence<columns_of<T>.size()>{});
}

/// Whether results have all of a model's columns.
consteval bool has_scanonly(const table_info& t) {
    for (const auto& c : t.columns)
        if (c.is(column_flag::scanonly)) return true;
    return false;
}
template <class T>
whole_row_decoder decoder_for(const row_shape& shape) noexcept {
    if constexpr (has_scanonly(table_of<T>))
        return nullptr;
    else
        return shape.whole ? &decode_whole_row<T> : nullptr;
}

/// Decodes rows by position into objects that a derived sink provides.
class shaped_sink : public client_sink {
public:
    shaped_sink(std::shared_ptr<const row_shape> shape, const void* plan_key,
                whole_row_decoder whole = nullptr)
        : shape_{std::move(shape)}, plan_key_{plan_key}, whole_{whole}, objects_(shape_->objects()) {}
    failure prepare(const protocol::description_ptr& d, std::span<const std::int16_t>& formats) override;
    protocol::flow on_row(std::span<const std::byte> body) override;
    bool expects_rows() const noexcept override { return true; }

protected:
    /// The objects of the next row; false to leave it alone.
    virtual bool begin_row(std::span<void*> objects) = 0;
    virtual protocol::flow end_row() { return protocol::flow::proceed; }

private:
    result<row_plan> make_plan(const protocol::statement_description& d, type_scope& types) const;
    bool decode(std::span<const std::byte> body);
    bool report(const row_error& e);
    void attach_joined();
    void drop_joined(std::size_t object);

    std::shared_ptr<const row_shape> shape_;
    const void* plan_key_;
    whole_row_decoder whole_;
    std::vector<void*, recycled<void*>> objects_;
    const protocol::statement_description* description_ = nullptr; ///< The query keeps it alive.
    const row_plan* plan_ = nullptr;
    bool malformed_ = false;
};

/// Rows of a model.
template <class T>
class model_shaped_sink : public shaped_sink {
public:
    explicit model_shaped_sink(std::shared_ptr<const row_shape> shape)
        : shaped_sink{shape, &table_of<T>, decoder_for<T>(*shape)} {}
};

/// All rows of a model.
template <class T>
class model_sink final : public model_shaped_sink<T> {
public:
    using value_type = std::vector<T>;
    explicit model_sink(std::shared_ptr<const row_shape> shape) : model_shaped_sink<T>{std::move(shape)} {}
    bool restart() override {
        rows_.clear();
        return true;
    }
    result<value_type> take() { return std::move(rows_); }

protected:
    bool begin_row(std::span<void*> objects) override {
        objects[0] = &rows_.emplace_back();
        return true;
    }

private:
    std::vector<T> rows_;
};

/// One row of a model, or none when that is no error.
template <class T, bool Optional>
class model_row_sink final : public model_shaped_sink<T> {
public:
    using value_type = std::conditional_t<Optional, std::optional<T>, T>;
    explicit model_row_sink(std::shared_ptr<const row_shape> shape)
        : model_shaped_sink<T>{std::move(shape)} {}
    bool restart() override {
        row_.reset();
        count_ = 0;
        return true;
    }
    result<value_type> take() {
        if (count_ > 1)
            return failed<value_type>(
                failure{errc::too_many_rows,
                        "one row was expected, the statement returned " + std::to_string(count_)});
        if constexpr (Optional)
            return std::move(row_);
        else if (count_ == 0)
            return failed<value_type>(
                failure{errc::not_found, "one row was expected, the statement returned none"});
        else
            return std::move(*row_);
    }

protected:
    bool begin_row(std::span<void*> objects) override {
        if (++count_ > 1) return false;
        objects[0] = &row_.emplace();
        return true;
    }

private:
    std::optional<T> row_;
    std::uint64_t count_ = 0;
};

/// Into rows that are there already, in order: what the server made of an insert.
class filling_sink final : public shaped_sink {
public:
    using value_type = std::uint64_t;
    filling_sink(std::shared_ptr<const row_shape> shape, const void* plan_key, std::vector<void*> rows)
        : shaped_sink{std::move(shape), plan_key}, rows_{std::move(rows)} {}
    bool restart() override {
        next_ = 0;
        return true;
    }
    result<value_type> take() { return row_count(); }

protected:
    bool begin_row(std::span<void*> objects) override {
        if (next_ == rows_.size()) return false;
        objects[0] = rows_[next_++];
        return true;
    }

private:
    std::vector<void*> rows_;
    std::size_t next_ = 0;
};

/// Calls a function with each row, which is reused.
template <class T, class F>
class model_each_sink final : public model_shaped_sink<T> {
public:
    using value_type = std::uint64_t;
    model_each_sink(std::shared_ptr<const row_shape> shape, F f)
        : model_shaped_sink<T>{std::move(shape)}, call_{std::move(f)} {}
    result<value_type> take() {
        if (thrown_) std::rethrow_exception(thrown_);
        return count_;
    }

protected:
    bool begin_row(std::span<void*> objects) override {
        row_ = T{};
        objects[0] = &row_;
        return !thrown_;
    }
    protocol::flow end_row() override {
        ++count_;
        try {
            call_(row_);
        } catch (...) { // the rest is read first, so that the connection stays usable
            thrown_ = std::current_exception();
        }
        return protocol::flow::proceed;
    }

private:
    F call_;
    T row_{};
    std::uint64_t count_ = 0;
    std::exception_ptr thrown_;
};

/// One row at a time.
template <class T>
class model_stream_sink final : public model_shaped_sink<T> {
public:
    explicit model_stream_sink(std::shared_ptr<const row_shape> shape)
        : model_shaped_sink<T>{std::move(shape)} {}
    std::optional<T> row;
    bool abandoned = false;

protected:
    bool begin_row(std::span<void*> objects) override {
        if (abandoned) return false;
        objects[0] = &row.emplace();
        return true;
    }
    protocol::flow end_row() override { return protocol::flow::pause; }
};

} // namespace tusk::orm::detail
