#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tusk/schema/object.hpp>

namespace tusk::schema {

/// One statement of an SQL script.
struct script_statement {
    std::string text;     ///< With the comments before it and inside, without the semicolon.
    std::size_t line = 1; ///< Of its first word.
    /// The comments behind the semicolon on the same line.
    std::string trailing;
};

/// The statements of a script. Semicolons in strings, names, comments, parentheses and bodies of BEGIN ATOMIC
/// functions separate nothing; lines that begin with a backslash (of psql) are left out.
std::vector<script_statement> split_script(std::string_view sql);

/// What a script says about a former name: `-- tusk:renamed from=old` (or `-- @renamed from=old`), behind
/// what is renamed, on the same line, or on a line of its own before it.
struct rename_hint {
    object_kind kind = object_kind::table;
    std::string schema;    ///< Empty when the script does not say it.
    std::string table;     ///< Of a column, a constraint; the type of a value of an enum.
    std::string name;      ///< The new name.
    std::string from;      ///< The former one.
    bool is_value = false; ///< A value of an enum.
};

std::vector<rename_hint> rename_hints(const std::vector<script_statement>& script);

} // namespace tusk::schema
