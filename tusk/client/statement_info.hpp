#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <tusk/types/oid.hpp>
#include <tusk/types/type_ref.hpp>

namespace tusk {

/// A column that a statement's row type wants.
struct statement_column {
    std::string_view name;     ///< Empty in a tuple or a scalar, which are filled by position.
    std::string_view cpp_type; ///< "std::optional<int>"
    bool optional = false;     ///< Takes NULL.
    bool (*accepts)(type_ref type, bool binary) = nullptr;
};

/// How a value of an argument's type gets into a parameter of a type of the server's.
enum class argument_fit : std::uint8_t {
    exact,   ///< As the type it is.
    text,    ///< As text, which the server parses.
    refused, ///< Not at all.
};

struct statement_argument {
    std::string_view name; ///< Of `{name}`; empty for `$1`.
    std::string_view cpp_type;
    argument_fit (*fit)(oid_t type) = nullptr;
};

/// What is known of a `sql<…>` statement of the program.
class statement_info {
public:
    constexpr statement_info(std::string_view sql, std::string_view row, bool named_columns, bool trusted,
                             std::span<const statement_column> columns,
                             std::span<const statement_argument> arguments) noexcept
        : text_{sql}, row_type_{row}, columns_{columns}, arguments_{arguments}, by_name_{named_columns},
          trusts_not_null_{trusted} {}

    /// What the server sees: `$1`, not `{name}`.
    std::string_view text() const noexcept { return text_; }
    /// "void" for a statement whose rows nobody reads.
    std::string_view row_type() const noexcept { return row_type_; }
    bool returns_rows() const noexcept { return row_type_ != "void"; }
    std::span<const statement_column> columns() const noexcept { return columns_; }
    /// The columns are found by name, not by position.
    bool by_name() const noexcept { return by_name_; }
    std::span<const statement_argument> arguments() const noexcept { return arguments_; }
    /// The author knows that nullable columns bring no NULL (`tusk::never_null`).
    bool trusts_not_null() const noexcept { return trusts_not_null_; }

private:
    std::string_view text_;
    std::string_view row_type_;
    std::span<const statement_column> columns_;
    std::span<const statement_argument> arguments_;
    bool by_name_;
    bool trusts_not_null_;
};

/// All `sql<…>` statements that this program uses, by their text; each is there before `main` begins. (Those
/// of a library that is loaded later come with it.)
std::vector<const statement_info*> statements();

namespace detail {

/// Puts a statement into the list of the program, when it is constructed: a static object of each statement.
class statement_registration {
public:
    explicit statement_registration(const statement_info& what) noexcept;

private:
    friend std::vector<const statement_info*> tusk::statements();
    const statement_info* info_;
    statement_registration* next_;
};

} // namespace detail

} // namespace tusk
