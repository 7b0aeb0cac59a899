#pragma once

#include <cstdint>

namespace tusk::protocol {

/// How statements get to the server. None of the modes puts values into the text. The names are those of pgx.
enum class exec_mode : std::uint8_t {
    /// Named prepared statements, described once and bound from then on: one round trip, least work for the
    /// server.
    cache_statement,
    /// Nothing stays on the server: the unnamed statement is parsed each time, in the same round trip, by a
    /// description that is remembered here. For poolers that move a client between servers, and for
    /// statements that are better planned for their values each time.
    cache_describe,
    /// The same without a memory: every statement is described first, two round trips each.
    describe_exec,
    /// Nothing is described: one round trip even the first time. Arguments and results travel as text, and
    /// the
    /// server has to find the parameters' types out by itself.
    exec,
    /// The simple protocol: one round trip, several statements in one text, no arguments. For servers and
    /// poolers that know nothing else.
    simple_protocol,
};

} // namespace tusk::protocol
