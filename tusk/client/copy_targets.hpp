#pragma once

#include <concepts>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/client/copy_job.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/types/copy_row.hpp>

namespace tusk::detail {

/// A COPY TO STDOUT: what the caller's sink throws, and that it has enough, ends it.
class copy_out_job : public copy_job, public protocol::copy_target {
public:
    using copy_job::copy_job;
    bool is_out() const noexcept final { return true; }
    std::unique_ptr<protocol::copy_machine> machine(protocol::session& s,
                                                    const protocol::copy_shape& shape) final;
    protocol::flow take(std::span<const std::byte> data) final;
    failure take_failure() final;
    failure own_failure() const final { return failure_; }

protected:
    /// False: enough, or `failure_` is set.
    virtual bool consume(std::span<const std::byte> data) = 0;
    failure failure_;
};

/// Calls `f(args…)`; false when it returns false.
template <class F, class... A>
bool wants_more(F& f, A&&... args) {
    if constexpr (std::convertible_to<std::invoke_result_t<F&, A...>, bool>) {
        return static_cast<bool>(f(std::forward<A>(args)...));
    } else {
        f(std::forward<A>(args)...);
        return true;
    }
}

template <class F>
class raw_copy_out final : public copy_out_job {
public:
    template <class G>
    raw_copy_out(copy_options o, copy_texts texts, G&& sink)
        : copy_out_job{std::move(o), std::move(texts), {}}, sink_{std::forward<G>(sink)} {}

private:
    bool consume(std::span<const std::byte> data) override {
        count(1, 0); // a message is a row
        return wants_more(sink_, data);
    }
    F sink_;
};

/// Fails for a column that does not arrive in binary.
failure check_binary(const row_plan& plan, const protocol::statement_description& d);

template <class T>
inline constexpr char copy_out_plan_key = 0;

template <class T, class F>
class typed_copy_out final : public copy_out_job {
public:
    template <class G>
    typed_copy_out(copy_options o, copy_texts texts, std::string table, G&& sink)
        : copy_out_job{std::move(o), std::move(texts), std::move(table)}, sink_{std::forward<G>(sink)} {}

    failure prepare(const protocol::description_ptr& d, call_types& types) override {
        description_ = d;
        types_ = &types;
        auto plan = stored_or_made<row_plan>(*d, &copy_out_plan_key<T>, &types, [&](type_scope& scope) {
            return make_row_plan<T>(d->columns, scope, wanted_format::binary);
        });
        if (!plan) return plan.error();
        plan_ = *plan;
        return check_binary(*plan_, *d);
    }
    void begin(const wire::copy_response&) override { reader_.begin(); }

private:
    bool counts_rows() const noexcept override { return true; }
    bool consume(std::span<const std::byte> data) override {
        reader_.add(data);
        std::span<const std::byte> body;
        for (;;) {
            switch (reader_.next(body)) {
            case copy_row_reader::status::need_data:
            case copy_row_reader::status::end: return true;
            case copy_row_reader::status::malformed:
                failure_ =
                    failure{errc::malformed_value, "the server sent data that are not COPY's binary format"};
                return false;
            case copy_row_reader::status::row: break;
            }
            row_error e;
            if (!decode_row(*plan_, body, row_, e)) {
                failure_ = row_failure(e, *description_, *plan_);
                if (e.code == codec_errc::outdated_type) types_->outdated();
                return false;
            }
            count(1, 0);
            if (!hand_over()) return false;
        }
    }
    bool hand_over() {
        if constexpr (std::invocable<F&, T&>) {
            return wants_more(sink_, row_);
        } else {
            static_assert(
                std::output_iterator<F, T>,
                "tusk: the sink of copy_out is called with a row, or is an output iterator of rows");
            *sink_++ = std::move(row_);
            return true;
        }
    }

    F sink_;
    copy_row_reader reader_;
    protocol::description_ptr description_;
    const row_plan* plan_ = nullptr;
    call_types* types_ = nullptr;
    T row_{};
};

} // namespace tusk::detail
