#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <tusk/core/error.hpp>

namespace tusk::embedded::detail {

/// The settings of a file in the format of postgresql.conf, in order. Errors: `errc::environment` when it
/// cannot be read, `errc::invalid_configuration` ("file:line: …") for a line that is no setting, and for
/// `include`, which would not be read. Source: PostgreSQL documentation, section 20.1.2.
result<std::vector<std::pair<std::string, std::string>>> read_config_file(const std::filesystem::path& file);

} // namespace tusk::embedded::detail
