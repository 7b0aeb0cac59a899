#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/client/request.hpp>
#include <tusk/types/row_view.hpp>

namespace tusk {

namespace detail {
class result_sets_sink;
}

/// What one statement returned, whole, for when its columns are not known when the program is compiled:
///
///     auto rows = co_await db.query("select * from users");
///     for (auto row : rows) log(row["name"].text(), row["age"].as<std::optional<int>>());
///
/// The values are text and are converted when they are asked for.
class result_set {
public:
    /// Empty when the statement returns no rows.
    const std::vector<wire::column_description>& columns() const noexcept { return *columns_; }
    std::size_t size() const noexcept { return ends_.size(); }
    bool empty() const noexcept { return ends_.empty(); }
    /// A row, from 0; throws `std::out_of_range`. Valid as long as this object and its moves are.
    row_view operator[](std::size_t row) const;
    /// Rows returned or affected, by the command tag.
    std::uint64_t affected() const noexcept { return affected_; }
    /// First word of the command tag ("SELECT"); empty for an empty statement.
    const std::string& command() const noexcept { return command_; }

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = row_view;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = row_view;
        iterator(const result_set& of, std::size_t at) noexcept : of_{&of}, at_{at} {}
        row_view operator*() const { return (*of_)[at_]; }
        iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        iterator operator++(int) noexcept { return {*of_, at_++}; }
        friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

    private:
        const result_set* of_;
        std::size_t at_;
    };
    iterator begin() const noexcept { return {*this, 0}; }
    iterator end() const noexcept { return {*this, size()}; }

private:
    friend class detail::result_sets_sink;
    std::shared_ptr<const std::vector<wire::column_description>> columns_ =
        std::make_shared<const std::vector<wire::column_description>>();
    std::vector<std::byte> bodies_; ///< Of the DataRows, one after another.
    std::vector<std::size_t> ends_;
    std::uint64_t affected_ = 0;
    std::string command_;
};

namespace detail {

/// Collects everything that comes, of as many statements as there are.
class result_sets_sink : public client_sink {
public:
    using value_type = std::vector<result_set>;
    failure prepare(const protocol::description_ptr& description,
                    std::span<const std::int16_t>& formats) override;
    protocol::flow on_row(std::span<const std::byte> body) override;
    void on_complete(const wire::command_tag& tag) override;
    bool expects_rows() const noexcept override { return !current_.columns().empty(); }
    result<value_type> take() { return std::move(sets_); }

protected:
    std::vector<result_set> sets_;

private:
    result_set current_;
};

/// The one of them.
class result_set_sink final : public result_sets_sink {
public:
    using value_type = result_set;
    result<value_type> take();
};

} // namespace detail

} // namespace tusk
