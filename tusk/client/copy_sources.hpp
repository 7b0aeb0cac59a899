#pragma once

#include <concepts>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tusk/client/copy_job.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/types/copy_row.hpp>

namespace tusk::detail {

/// One CopyData message in the making, right in the session's output. Unless it is committed, it leaves no
/// trace.
class copy_chunk {
public:
    explicit copy_chunk(wire::write_buffer& out) : out_{out} {
        sink_.adopt(out.release());
        start_ = sink_.size();
        sink_.put_byte('d');
        sink_.append(4);
    }
    ~copy_chunk() {
        if (!committed_) sink_.resize_down(start_);
        out_.adopt(sink_.release());
    }
    copy_chunk(const copy_chunk&) = delete;
    copy_chunk& operator=(const copy_chunk&) = delete;

    value_sink& data() noexcept { return sink_; }
    /// Bytes of data so far.
    std::size_t size() const noexcept { return sink_.size() - start_ - 5; }
    /// Puts the length in its place.
    failure commit();

private:
    wire::write_buffer& out_;
    value_sink sink_;
    std::size_t start_ = 0;
    bool committed_ = false;
};

/// A COPY FROM STDIN: turns chunks into messages, and exceptions into CopyFail.
class copy_in_job : public copy_job, public protocol::copy_source {
public:
    using copy_job::copy_job;
    bool is_out() const noexcept final { return false; }
    std::unique_ptr<protocol::copy_machine> machine(protocol::session& s,
                                                    const protocol::copy_shape& shape) final;
    progress fill(wire::write_buffer& out) final;
    failure take_failure() final { return std::exchange(failure_, failure{}); }

protected:
    /// Appends about a chunk of data; sets `failure_` when that cannot be done.
    virtual progress produce(copy_chunk& into) = 0;
    failure failure_;
};

// ---- typed rows
// -------------------------------------------------------------------------------------------------

/// The rows of a range, one after the other. A range that is no temporary is referred to.
template <class Range>
class range_rows {
public:
    using row_type = std::remove_cvref_t<std::ranges::range_reference_t<Range>>;
    explicit range_rows(Range&& rows) : rows_(std::forward<Range>(rows)) {}
    /// Calls `f(row)` until it answers false, or with all rows that are left; true at the end.
    template <class F>
    bool each(F&& f) {
        if (!at_) at_.emplace(std::ranges::begin(rows_));
        auto& at = *at_;
        const auto end = std::ranges::end(rows_);
        while (at != end) {
            const bool go_on = f(*at);
            ++at;
            if (!go_on) return false;
        }
        return true;
    }

private:
    Range rows_; // a reference for an lvalue
    std::optional<std::ranges::iterator_t<Range>> at_;
};

/// The rows that a function returns one by one, as optionals.
template <class F>
class generated_rows {
public:
    using row_type = typename std::remove_cvref_t<std::invoke_result_t<F&>>::value_type;
    template <class G>
    explicit generated_rows(G&& next) : next_{std::forward<G>(next)} {}
    template <class Each>
    bool each(Each&& f) {
        while (const auto row = next_())
            if (!f(*row)) return false;
        return true;
    }

private:
    F next_;
};

template <class T>
concept row_generator = std::invocable<std::remove_reference_t<T>&> &&
                        is_optional<std::remove_cvref_t<std::invoke_result_t<std::remove_reference_t<T>&>>>;
template <class T>
concept row_range = std::ranges::input_range<T> && !row_generator<T>;

template <class T>
struct copy_rows;
template <row_range T>
struct copy_rows<T> {
    using type = range_rows<T>;
};
template <row_generator T>
struct copy_rows<T> {
    using type = generated_rows<std::remove_cvref_t<T>>;
};

template <class T>
inline constexpr char copy_plan_key = 0;

failure copy_row_failure(const row_error& e, const protocol::statement_description& d, const copy_plan& plan,
                         std::uint64_t row);

template <class Rows>
class typed_copy_in final : public copy_in_job {
    using row_type = typename Rows::row_type;

public:
    template <class T>
    typed_copy_in(copy_options o, copy_texts texts, std::string table, T&& rows)
        : copy_in_job{std::move(o), std::move(texts), std::move(table)}, rows_{std::forward<T>(rows)} {}

    failure prepare(const protocol::description_ptr& d, call_types& types) override {
        description_ = d;
        auto plan = stored_or_made<copy_plan>(*d, &copy_plan_key<row_type>, &types, [&](type_scope& scope) {
            return make_copy_plan<row_type>(d->columns, scope);
        });
        if (!plan) return plan.error();
        plan_ = *plan;
        return {};
    }

private:
    progress produce(copy_chunk& into) override {
        auto& out = into.data();
        const auto limit = settings().chunk_size();
        if (!std::exchange(begun_, true)) begin_copy_rows(out);
        std::uint64_t rows = 0;
        row_error error;
        bool good = true;
        const bool ended = rows_.each([&](const row_type& row) {
            good = encode_copy_row(out, *plan_, row, error);
            ++rows;
            return good && into.size() < limit;
        });
        count(rows, 0);
        if (!good) {
            failure_ = copy_row_failure(error, *description_, *plan_, counted_ + rows);
            return progress::failed;
        }
        counted_ += rows;
        if (!ended) return progress::more;
        end_copy_rows(out);
        return progress::end;
    }

    Rows rows_;
    protocol::description_ptr description_;
    const copy_plan* plan_ = nullptr;
    std::uint64_t counted_ = 0;
    bool begun_ = false;
};

// ---- raw data
// -------------------------------------------------------------------------------------------------

inline std::span<const std::byte> raw_bytes(std::string_view text) { return std::as_bytes(std::span{text}); }
inline std::span<const std::byte> raw_bytes(std::span<const std::byte> bytes) { return bytes; }
template <class T>
concept raw_piece = requires(const T& piece) { raw_bytes(piece); };

/// All data at once.
template <class T>
class one_piece {
public:
    explicit one_piece(T&& piece) : piece_(std::forward<T>(piece)) {}
    bool next(std::span<const std::byte>& out) {
        out = raw_bytes(piece_);
        return !std::exchange(given_, true) && !out.empty();
    }

private:
    T piece_; // a reference for an lvalue
    bool given_ = false;
};

/// Pieces of data one by one; they are kept until the next is asked for.
template <class F>
class called_pieces {
public:
    template <class G>
    explicit called_pieces(G&& next) : next_{std::forward<G>(next)} {}
    /// False at the end, which is an empty piece.
    bool next(std::span<const std::byte>& out) {
        piece_.reset();
        piece_.emplace(next_());
        out = raw_bytes(*piece_);
        return !out.empty();
    }

private:
    F next_;
    std::optional<std::remove_cvref_t<std::invoke_result_t<F&>>> piece_;
};

/// Pieces from a range; empty ones are nothing.
template <class Range>
class range_pieces {
public:
    explicit range_pieces(Range&& pieces) : pieces_(std::forward<Range>(pieces)) {}
    bool next(std::span<const std::byte>& out) {
        if (!at_)
            at_.emplace(std::ranges::begin(pieces_));
        else
            ++*at_;
        for (const auto end = std::ranges::end(pieces_); *at_ != end; ++*at_) {
            piece_.reset();
            if constexpr (std::is_reference_v<std::ranges::range_reference_t<Range>>)
                out = raw_bytes(**at_);
            else
                out = raw_bytes(piece_.emplace(**at_));
            if (!out.empty()) return true;
        }
        return false;
    }

private:
    Range pieces_;
    std::optional<std::ranges::iterator_t<Range>> at_;
    std::optional<std::remove_cvref_t<std::ranges::range_reference_t<Range>>> piece_;
};

template <class T>
concept piece_generator = std::invocable<std::remove_reference_t<T>&> &&
                          raw_piece<std::invoke_result_t<std::remove_reference_t<T>&>>;
template <class T>
concept piece_range = std::ranges::input_range<T> && raw_piece<std::ranges::range_reference_t<T>>;

template <class T>
struct copy_pieces;
template <raw_piece T>
struct copy_pieces<T> {
    using type = one_piece<T>;
};
template <piece_range T>
struct copy_pieces<T> {
    using type = range_pieces<T>;
};
template <piece_generator T>
struct copy_pieces<T> {
    using type = called_pieces<std::remove_cvref_t<T>>;
};

template <class Pieces>
class raw_copy_in final : public copy_in_job {
public:
    template <class T>
    raw_copy_in(copy_options o, copy_texts texts, T&& pieces)
        : copy_in_job{std::move(o), std::move(texts), {}}, pieces_{std::forward<T>(pieces)} {}

private:
    progress produce(copy_chunk& into) override {
        const auto limit = settings().chunk_size();
        while (into.size() < limit) {
            if (left_.empty() && !pieces_.next(left_)) return progress::end;
            const auto part = left_.first(std::min(left_.size(), limit - into.size()));
            into.data().put(part);
            left_ = left_.subspan(part.size());
        }
        return progress::more;
    }

    Pieces pieces_;
    std::span<const std::byte> left_;
};

} // namespace tusk::detail
