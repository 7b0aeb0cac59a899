#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tusk/client/request.hpp>
#include <tusk/types/row_view.hpp>

namespace tusk::detail {

/// A plan stored with the statement's description, one per C++ type. One that was made of what the catalog
/// said is good until the catalog forgets it; then another one takes its place. Old ones may still be in use
/// and stay.
template <class Plan>
class stored_plan final : public protocol::row_plan_base {
public:
    stored_plan() = default;
    ~stored_plan() override {
        for (auto* v = newest_.load(std::memory_order_relaxed); v != nullptr;)
            delete std::exchange(v, v->older);
    }
    stored_plan(const stored_plan&) = delete;
    stored_plan& operator=(const stored_plan&) = delete;

    /// Null when it has to be made anew.
    const Plan* current() const noexcept {
        const auto* v = newest_.load(std::memory_order_acquire);
        const bool good = v != nullptr && (v->catalog == nullptr || v->catalog->epoch() == v->epoch);
        return good ? &v->plan : nullptr;
    }
    /// `catalog`: what it was made of, when that counted `epoch`; may be null.
    const Plan* renew(Plan plan, std::shared_ptr<const type_catalog> catalog, std::uint64_t epoch) const {
        auto* fresh = new version{std::move(plan), std::move(catalog), epoch, nullptr};
        fresh->older = newest_.load(std::memory_order_relaxed);
        while (!newest_.compare_exchange_weak(fresh->older, fresh, std::memory_order_acq_rel)) {
        }
        return &fresh->plan;
    }

private:
    struct version {
        Plan plan;
        std::shared_ptr<const type_catalog> catalog;
        std::uint64_t epoch;
        version* older;
    };
    mutable std::atomic<version*> newest_{nullptr};
};

/// The plan under `key`, made by `make(scope)` on first use, and again when types have changed.
template <class Plan, class Make>
result<const Plan*> stored_or_made(const protocol::statement_description& d, const void* key,
                                   call_types* types, Make make) {
    const auto* stored = static_cast<const stored_plan<Plan>*>(d.find_plan(key));
    if (stored != nullptr)
        if (const Plan* plan = stored->current()) [[likely]]
            return plan;
    call_types nothing;
    if (types == nullptr) types = &nothing;
    const auto catalog = types->catalog();
    const auto epoch = catalog->epoch();
    auto& scope = types->scope();
    auto made = make(scope);
    if (!made && made.error().code() == errc::type_mismatch && types->renew()) made = make(scope);
    if (!scope.unknown().empty()) return unknown_types_failure();
    if (!made) return made.error();
    if (stored == nullptr) {
        auto fresh = std::make_unique<stored_plan<Plan>>();
        fresh->key = key;
        stored = static_cast<const stored_plan<Plan>*>(&d.add_plan(std::move(fresh)));
    }
    return stored->renew(std::move(*made), scope.used() ? catalog : nullptr, epoch);
}

template <class T>
inline constexpr char plan_key = 0;

/// The plan for rows of type T, made on first use.
template <class T>
result<const row_plan*> plan_for(const protocol::statement_description& d, call_types* types = nullptr) {
    return stored_or_made<row_plan>(d, &plan_key<T>, types, [&](type_scope& scope) {
        return make_row_plan<T>(d.columns, scope, d.text_only ? wanted_format::text : wanted_format::any);
    });
}

failure row_failure(const row_error& e, const protocol::statement_description& d, const row_plan& plan);
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
        auto plan = plan_for<T>(*d, types());
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
        this->failure_ = row_failure(e, *description_, *plan_);
        malformed_ = is_malformed(e);
        if (e.code == codec_errc::outdated_type && this->types() != nullptr) this->types()->outdated();
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
