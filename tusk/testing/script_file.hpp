#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tusk/core/error.hpp>
#include <tusk/testing/scripted_server.hpp>

namespace tusk::testing {

/// Scripts of a `scripted_server` as text, for clients in any language (`tusk proxy --script`). A line is a
/// step; `#` begins a comment; `connection` begins the script of the next connection.
///
///     let_in
///     expect Q select 1
///     send row_description a:23
///     send data_row 1
///     send command_complete SELECT 1
///     send ready_for_query I
///     wait_for_hang_up
///
/// The steps are in docs/testing.md. Errors: `errc::invalid_argument`, "name:line: …".
result<std::vector<server_script>> read_scripts(std::string_view text, const std::string& name = "script");

} // namespace tusk::testing
