#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <tusk/client/request.hpp>
#include <tusk/types/row_view.hpp>

namespace tusk::detail {

/// A row plan stored with the statement's description, one per C++ type.
class stored_plan final : public protocol::row_plan_base {
public:
    explicit stored_plan(row_plan p) : plan{std::move(p)} {}
    row_plan plan;
};

template <class T>
inline constexpr char plan_key = 0;

/// The plan for rows of type T, made on first use.
template <class T>
result<const row_plan*> plan_for(const protocol::statement_description& d) {
    if (const auto* found = d.find_plan(&plan_key<T>)) return &static_cast<const stored_plan*>(found)->plan;
    auto made = make_row_plan<T>(d.columns, d.text_only);
    if (!made) return made.error();
    auto fresh = std::make_unique<stored_plan>(std::move(*made));
    fresh->key = &plan_key<T>;
    return &static_cast<const stored_plan&>(d.add_plan(std::move(fresh))).plan;
}

failure row_failure(const row_error& e, const protocol::statement_description& d);
/// The row itself is damaged, not a value in it.
bool is_malformed(const row_error& e) noexcept;

/// Ignores rows; counts what was affected.
class exec_sink final : public client_sink {
public:
    using value_type = std::uint64_t;
    failure prepare(const protocol::description_ptr&, std::span<const std::int16_t>& formats) override {
        formats = {};
        return {};
    }
    protocol::flow on_row(std::span<const std::byte>) override { return protocol::flow::proceed; }
    bool restart() override { return true; }
    result<value_type> take() { return row_count(); }
};

/// Decodes rows of type T; what becomes of them is the derived sink's business.
template <class T>
class row_sink : public client_sink {
public:
    failure prepare(const protocol::description_ptr& d, std::span<const std::int16_t>& formats) override {
        description_ = d.get();
        auto plan = plan_for<T>(*d);
        if (!plan) return plan.error();
        plan_ = *plan;
        formats = plan_->formats;
        return {};
    }
    bool expects_rows() const noexcept override { return true; }

protected:
    bool decode(std::span<const std::byte> body, T& out) {
        row_error e;
        if (decode_row(*plan_, body, out, e)) [[likely]]
            return true;
        this->failure_ = row_failure(e, *description_);
        malformed_ = is_malformed(e);
        return false;
    }
    /// For the row that was decoded last, and not paused at.
    protocol::flow verdict() const noexcept {
        return malformed_ ? protocol::flow::reject : protocol::flow::proceed;
    }

private:
    const protocol::statement_description* description_ = nullptr; ///< The query keeps it alive.
    const row_plan* plan_ = nullptr;
    bool malformed_ = false;
};

/// At most one row.
template <class T>
class maybe_sink : public row_sink<T> {
    static_assert(!std::is_same_v<T, row_view>,
                  "tusk: a row_view lives no longer than the next row; take for_each<row_view> or query()");

public:
    using value_type = std::optional<T>;
    protocol::flow on_row(std::span<const std::byte> body) final {
        if (this->has_failed()) return protocol::flow::proceed;
        if (++count_ == 1) {
            value_.emplace();
            this->decode(body, *value_);
        }
        return this->verdict();
    }
    bool restart() final {
        value_.reset();
        count_ = 0;
        return true;
    }
    result<value_type> take() {
        if (count_ > 1) return failed<value_type>(too_many());
        return std::move(value_);
    }

protected:
    failure too_many() const {
        return failure{errc::too_many_rows,
                       "one row was expected, the statement returned " + std::to_string(count_)};
    }
    std::optional<T> value_;
    std::size_t count_ = 0;
};

/// Exactly one row.
template <class T>
class one_sink final : public maybe_sink<T> {
public:
    using value_type = T;
    result<T> take() {
        if (this->count_ == 0)
            return failed<T>(failure{errc::not_found, "one row was expected, the statement returned none"});
        if (this->count_ > 1) return failed<T>(this->too_many());
        return std::move(*this->value_);
    }
};

template <class T>
class all_sink final : public row_sink<T> {
    static_assert(!std::is_same_v<T, row_view>,
                  "tusk: a row_view lives no longer than the next row; take for_each<row_view> or query()");

public:
    using value_type = std::vector<T>;
    protocol::flow on_row(std::span<const std::byte> body) override {
        if (this->has_failed()) return protocol::flow::proceed;
        if constexpr (std::is_same_v<T, bool>) { // std::vector<bool> has no bool to refer to
            bool value = false;
            if (this->decode(body, value)) values_.push_back(value);
        } else {
            this->decode(body, values_.emplace_back());
        }
        return this->verdict();
    }
    bool restart() override {
        values_.clear();
        return true;
    }
    result<value_type> take() { return std::move(values_); }

private:
    std::vector<T> values_;
};

/// Calls a function with each row; the row object is reused, and views in it live until the next call.
template <class T, class F>
class each_sink final : public row_sink<T> {
public:
    using value_type = std::uint64_t;
    explicit each_sink(F f) : call_{std::move(f)} {}
    protocol::flow on_row(std::span<const std::byte> body) override {
        if (this->has_failed() || thrown_) return protocol::flow::proceed;
        if (this->decode(body, row_)) {
            ++count_;
            try {
                call_(row_);
            } catch (
                ...) { // rows that follow are skipped; the exception goes on when the connection is clean
                thrown_ = std::current_exception();
            }
        }
        return this->verdict();
    }
    result<value_type> take() {
        if (thrown_) std::rethrow_exception(thrown_);
        return count_;
    }

private:
    F call_;
    T row_{};
    std::uint64_t count_ = 0;
    std::exception_ptr thrown_;
};

/// Takes one row at a time and stops there.
template <class T>
class stream_sink final : public row_sink<T> {
    static_assert(!std::is_same_v<T, row_view>,
                  "tusk: a row_view lives no longer than the next row; take for_each<row_view> or query()");

public:
    protocol::flow on_row(std::span<const std::byte> body) override {
        if (this->has_failed() || abandoned) return protocol::flow::proceed;
        if (!this->decode(body, row.emplace())) {
            row.reset();
            return this->verdict();
        }
        return protocol::flow::pause;
    }
    std::optional<T> row;
    bool abandoned = false;
};

} // namespace tusk::detail
