#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::migrate {

/// What was taken over.
struct imported {
    std::vector<std::string> files; ///< Names.
    std::vector<std::string> notes; ///< What could not be taken over as it was.
};

/// Reads the migrations of another tool (`file://DIR?format=NAME`) and writes them to an empty or new
/// directory, with their ways back below `down` and a sum file. Formats:
///
/// atlas           as they are;
/// golang-migrate  `1_x.up.sql`, `1_x.down.sql`;
/// goose           `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd`, `NO TRANSACTION`;
/// flyway          `V1__x.sql`, `U1__x.sql`, `B1__x.sql`, `R__x.sql`, also in folders below;
/// dbmate          `-- migrate:up`, `-- migrate:down`, `transaction:false`;
/// liquibase       formatted SQL: `--changeset`, `--rollback`; a file of each change.
///
/// Versions get leading zeros where they are of different length. BEGIN and COMMIT around a whole file are
/// left out, because every file is a transaction. Errors: `errc::invalid_argument` for another format, a
/// directory that is not empty, and files that make no sense; `errc::environment`.
result<imported> import_directory(std::string_view from, std::string_view to);

} // namespace tusk::migrate
