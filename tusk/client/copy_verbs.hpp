#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tusk/client/copy_sources.hpp>
#include <tusk/client/copy_targets.hpp>
#include <tusk/types/reflect.hpp>

namespace tusk::detail {

template <class T>
concept input_stream = std::is_convertible_v<std::remove_reference_t<T>*, std::istream*>;
template <class T>
concept output_stream = std::is_convertible_v<std::remove_reference_t<T>*, std::ostream*>;

/// Reads a stream in pieces. Throws `tusk::error` (`errc::environment`) when reading fails.
class stream_reader {
public:
    explicit stream_reader(std::istream& in) : in_{&in}, buffer_(64 * 1024) {}
    std::string_view operator()();

private:
    std::istream* in_;
    std::vector<char> buffer_;
};

/// Writes to a stream. Throws `tusk::error` (`errc::environment`) when writing fails.
class stream_writer {
public:
    explicit stream_writer(std::ostream& out) : out_{&out} {}
    void operator()(std::span<const std::byte> data);

private:
    std::ostream* out_;
};

template <class Rows>
std::unique_ptr<copy_job> make_copy_in(const copy_options& o, const table_name& into, const columns& which,
                                       Rows&& rows) {
    static_assert(row_range<Rows> || row_generator<Rows>,
                  "tusk: copy_in takes a range of rows, or a function that returns std::optional<Row>");
    using feed = typename copy_rows<Rows>::type;
    return std::make_unique<typed_copy_in<feed>>(o, copy_in_texts(into, which, o.freezes()), into.display(),
                                                 std::forward<Rows>(rows));
}

template <class Source>
std::unique_ptr<copy_job> make_raw_copy_in(const copy_options& o, std::string_view sql, Source&& source) {
    copy_texts texts{std::string{sql}, {}};
    if constexpr (input_stream<Source>) {
        return std::make_unique<raw_copy_in<called_pieces<stream_reader>>>(o, std::move(texts),
                                                                           stream_reader{source});
    } else {
        static_assert(raw_piece<Source> || piece_range<Source> || piece_generator<Source>,
                      "tusk: copy_in_raw takes a text, a range of texts, a std::istream, or a function that "
                      "returns the next piece (std::string_view, std::string or std::span<const std::byte>), "
                      "empty at the end");
        using pieces = typename copy_pieces<Source>::type;
        return std::make_unique<raw_copy_in<pieces>>(o, std::move(texts), std::forward<Source>(source));
    }
}

template <class Sink>
std::unique_ptr<copy_job> make_raw_copy_out(const copy_options& o, std::string_view sql, Sink&& sink) {
    copy_texts texts{std::string{sql}, {}};
    if constexpr (output_stream<Sink>) {
        return std::make_unique<raw_copy_out<stream_writer>>(o, std::move(texts), stream_writer{sink});
    } else {
        static_assert(std::invocable<std::remove_reference_t<Sink>&, std::span<const std::byte>>,
                      "tusk: the sink of copy_out_raw is called with a std::span<const std::byte>, or is a "
                      "std::ostream");
        return std::make_unique<raw_copy_out<std::remove_cvref_t<Sink>>>(o, std::move(texts),
                                                                         std::forward<Sink>(sink));
    }
}

template <class T, class Sink>
std::unique_ptr<copy_job> make_copy_out(const copy_options& o, const copy_relation& from, Sink&& sink) {
    std::vector<std::string_view> fields;
    if constexpr (struct_row<T>) fields.assign(member_names_v<T>.begin(), member_names_v<T>.end());
    return std::make_unique<typed_copy_out<T, std::remove_cvref_t<Sink>>>(
        o, copy_out_texts(from, fields), from.name(), std::forward<Sink>(sink));
}

/// The COPY verbs of connection, transaction and pool, and of their blocking twins: `returns<T>` is
/// `asio::awaitable<T>` or `T`. All return the number of rows, throw `tusk::error`, and have a `try_…` twin.
/// What a source, a sink or a progress function throws ends the COPY, leaves the connection usable, and comes
/// out of the verb (also of the `try_…` twin). Sources and sinks that are no temporaries are referred to,
/// functions are copied; all of them are called while the verb runs, on the connection's strand, and should
/// not wait for anything else.
template <class Executor>
class copy_verbs : public Executor {
    using count = typename Executor::template returns<std::uint64_t>;
    using try_count = typename Executor::template returns<result<std::uint64_t>>;

public:
    /// Copies rows into a table, in binary: any input range, or a function that returns `std::optional<Row>`
    /// until there are no more. A row is a std::tuple, a std::pair, a plain struct (by position) or a single
    /// value; `std::optional` is NULL. `which` names the columns; none means all. Errors:
    /// `errc::type_mismatch` and `errc::column_mismatch` before anything is sent,
    /// `errc::value_out_of_range` with the number of the row, and what the server says: its
    /// `server()->where` has the line.
    template <class Rows>
    count copy_in(const table_name& into, const columns& which, Rows&& rows) {
        return copy_in(copy_options{}, into, which, std::forward<Rows>(rows));
    }
    template <class Rows>
    count copy_in(const copy_options& o, const table_name& into, const columns& which, Rows&& rows) {
        return run_copy(*this, make_copy_in(o, into, which, std::forward<Rows>(rows)));
    }
    template <class Rows>
    try_count try_copy_in(const table_name& into, const columns& which, Rows&& rows) {
        return try_copy_in(copy_options{}, into, which, std::forward<Rows>(rows));
    }
    template <class Rows>
    try_count try_copy_in(const copy_options& o, const table_name& into, const columns& which, Rows&& rows) {
        return try_run_copy(*this, make_copy_in(o, into, which, std::forward<Rows>(rows)));
    }

    /// Executes a COPY … FROM STDIN of any format and feeds it: a text, a range of texts, a function that
    /// returns the next piece (empty: the end), or a std::istream. Pieces may be cut anywhere.
    template <class Source>
    count copy_in_raw(std::string_view sql, Source&& source) {
        return copy_in_raw(copy_options{}, sql, std::forward<Source>(source));
    }
    template <class Source>
    count copy_in_raw(const copy_options& o, std::string_view sql, Source&& source) {
        return run_copy(*this, make_raw_copy_in(o, sql, std::forward<Source>(source)));
    }
    template <class Source>
    try_count try_copy_in_raw(std::string_view sql, Source&& source) {
        return try_copy_in_raw(copy_options{}, sql, std::forward<Source>(source));
    }
    template <class Source>
    try_count try_copy_in_raw(const copy_options& o, std::string_view sql, Source&& source) {
        return try_run_copy(*this, make_raw_copy_in(o, sql, std::forward<Source>(source)));
    }

    /// Reads a table or a query in binary and hands each row to the sink: a function that is called with a
    /// `T&`, or an output iterator of T. A struct takes the columns of its members' names, everything else
    /// goes by position. The row object is reused: views in it live until the next row. A function that
    /// returns false has enough: the rest is cancelled, and the rows handed over are counted.
    template <class T, class Sink>
    count copy_out(const copy_relation& from, Sink&& sink) {
        return copy_out<T>(copy_options{}, from, std::forward<Sink>(sink));
    }
    template <class T, class Sink>
    count copy_out(const copy_options& o, const copy_relation& from, Sink&& sink) {
        return run_copy(*this, make_copy_out<T>(o, from, std::forward<Sink>(sink)));
    }
    template <class T, class Sink>
    try_count try_copy_out(const copy_relation& from, Sink&& sink) {
        return try_copy_out<T>(copy_options{}, from, std::forward<Sink>(sink));
    }
    template <class T, class Sink>
    try_count try_copy_out(const copy_options& o, const copy_relation& from, Sink&& sink) {
        return try_run_copy(*this, make_copy_out<T>(o, from, std::forward<Sink>(sink)));
    }

    /// Executes a COPY … TO STDOUT of any format and hands the data over, usually row by row: to a function
    /// that is called with a `std::span<const std::byte>` (returning false: enough), or a std::ostream.
    template <class Sink>
    count copy_out_raw(std::string_view sql, Sink&& sink) {
        return copy_out_raw(copy_options{}, sql, std::forward<Sink>(sink));
    }
    template <class Sink>
    count copy_out_raw(const copy_options& o, std::string_view sql, Sink&& sink) {
        return run_copy(*this, make_raw_copy_out(o, sql, std::forward<Sink>(sink)));
    }
    template <class Sink>
    try_count try_copy_out_raw(std::string_view sql, Sink&& sink) {
        return try_copy_out_raw(copy_options{}, sql, std::forward<Sink>(sink));
    }
    template <class Sink>
    try_count try_copy_out_raw(const copy_options& o, std::string_view sql, Sink&& sink) {
        return try_run_copy(*this, make_raw_copy_out(o, sql, std::forward<Sink>(sink)));
    }

protected:
    copy_verbs() = default;
    ~copy_verbs() override = default;
    copy_verbs(const copy_verbs&) = default;
    copy_verbs(copy_verbs&&) = default;
    copy_verbs& operator=(const copy_verbs&) = default;
    copy_verbs& operator=(copy_verbs&&) = default;
};

} // namespace tusk::detail
