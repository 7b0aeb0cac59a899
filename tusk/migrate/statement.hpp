#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tusk::migrate {

/// What a statement is to the one who executes it.
enum class statement_kind : std::uint8_t {
    ordinary,            ///< Runs in a transaction.
    create_index,        ///< CREATE INDEX CONCURRENTLY: outside of one, and it may leave an invalid index.
    drop_index,          ///< DROP INDEX CONCURRENTLY: outside of one.
    reindex,             ///< REINDEX CONCURRENTLY, or of more than a table: outside of one.
    repeatable,          ///< Outside of one, and twice does no harm: VACUUM, ALTER SYSTEM.
    outside,             ///< Outside of one, and nobody knows whether it may run twice: CREATE DATABASE.
    transaction_control, ///< BEGIN, COMMIT, SAVEPOINT …
    copy_from_client,    ///< COPY … FROM STDIN: the data would have to come from somewhere.
    client_command,      ///< `\connect`: psql's own.
};

/// One statement of a file.
struct statement {
    std::string text;       ///< With its semicolon, without the comments above it.
    std::size_t offset = 0; ///< Of its first byte in the file.
    /// The comments right above it, with no empty line between, in their order; directives are among them.
    std::vector<std::string> comments;
    statement_kind kind = statement_kind::ordinary;

    /// It must not run inside a transaction block.
    bool runs_outside() const noexcept {
        return kind == statement_kind::create_index || kind == statement_kind::drop_index ||
               kind == statement_kind::reindex || kind == statement_kind::repeatable ||
               kind == statement_kind::outside;
    }
};

/// Tells the kinds apart by their first words. Source: PreventInTransactionBlock in PostgreSQL's utility.c.
statement_kind kind_of(std::string_view sql);

/// The parts of a CREATE INDEX or DROP INDEX that its repair needs, quoted as they were written; empty when
/// the statement does not say.
struct index_names {
    std::string schema; ///< Of DROP INDEX schema.name.
    std::string index;
    std::string table; ///< Of CREATE INDEX.
};
index_names index_names_of(std::string_view sql);

/// An index definition brought to a form that can be compared: without what is said by default, qualifiers,
/// and what does not belong to the result (CONCURRENTLY, IF NOT EXISTS).
std::string comparable_index(std::string_view sql);

} // namespace tusk::migrate
