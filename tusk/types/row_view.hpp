#pragma once

#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include <tusk/types/row.hpp>

/// Rows for statements whose columns are not known when the program is compiled. Their values come as text,
/// in the server's own form, and are converted when they are asked for.
namespace tusk {

/// One value of a `row_view`, and its column.
class field {
public:
    field(const wire::column_description& column, const field_view& value) noexcept
        : column_{&column}, value_{value} {}

    const std::string& name() const noexcept { return column_->name; }
    oid_t type() const noexcept { return column_->type_oid; }
    bool is_null() const noexcept { return value_.is_null(); }
    /// The value in the server's text form; empty for NULL.
    std::string_view text() const noexcept { return is_null() ? std::string_view{} : value_.text(); }

    /// The value as a `T`; `std::optional<U>` takes NULL. Errors: `errc::type_mismatch`,
    /// `errc::null_value` and the others of a typed row, which name the column.
    template <class T>
    result<T> try_as() const {
        T out{};
        codec_errc code = codec_errc::wrong_type;
        if (accepts_column<T>(value_.type, false)) code = decode_field(value_, out);
        if (code == codec_errc::ok) return result<T>{boost::system::in_place_value, std::move(out)};
        return failed<T>(
            conversion_failure(code, "column \"" + column_->name + "\"", type(), detail::cpp_type_name<T>()));
    }
    /// The same, throwing `tusk::error`.
    template <class T>
    T as() const {
        return try_as<T>().value();
    }

private:
    const wire::column_description* column_;
    field_view value_;
};

/// A row inside the receive buffer: valid while the function that `for_each` calls runs, or as long as the
/// `result_set` that it belongs to.
class row_view {
public:
    row_view() = default;

    std::size_t size() const noexcept { return values_.size(); }
    /// By position, from 0. Throws `tusk::error` past the last column.
    field operator[](std::size_t column) const;
    /// By name, the first of that name. Throws `tusk::error` when there is none.
    field operator[](std::string_view column) const;
    std::optional<field> find(std::string_view column) const;

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = field;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = field;
        iterator(const row_view& row, std::size_t at) noexcept : row_{&row}, at_{at} {}
        field operator*() const { return (*row_)[at_]; }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        iterator operator++(int) noexcept { return {*row_, at_++}; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

    private:
        const row_view* row_;
        std::size_t at_;
    };
    iterator begin() const noexcept { return {*this, 0}; }
    iterator end() const noexcept { return {*this, size()}; }

    /// Takes the body of a DataRow with these columns.
    bool assign(std::span<const wire::column_description> columns, std::span<const std::byte> body);
    bool assign(const row_plan& plan, std::span<const std::byte> body, row_error& error);

private:
    std::span<const wire::column_description> columns_;
    boost::container::small_vector<field_view, 8> values_;
};

/// A row as column name → text, NULL being `std::nullopt`; of columns of one name the last.
class row_map : public std::map<std::string, std::optional<std::string>, std::less<>> {
public:
    bool assign(const row_plan& plan, std::span<const std::byte> body, row_error& error);
};

} // namespace tusk
