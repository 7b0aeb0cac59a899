#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tusk/core/trace_context.hpp>

namespace tusk::observe {

/// Tags behind a statement, which PostgreSQL's logs, `pg_stat_activity` and the tools that read them show:
/// `select 1 /*controller='alerts',traceparent='00-…-01'*/`. Source:
/// https://google.github.io/sqlcommenter/spec/.
///
/// The tags are part of the statement's text. What does not change (a controller, a route) makes one prepared
/// statement more; a `traceparent` makes each text another one, which fills the caches of statements here and
/// in the server: execute such texts with `options::mode(protocol::exec_mode::exec)`, which prepares nothing.
class sql_comment {
public:
    /// An empty value adds nothing.
    sql_comment& tag(std::string_view name, std::string_view value);
    /// The tag "traceparent".
    sql_comment& trace(const trace_context& of) { return tag("traceparent", of.traceparent()); }

    /// The comment alone, tags in alphabetic order: `/*a='1',b='2'*/`. Empty when there is no tag.
    std::string text() const;
    /// The statement with the comment, before a last semicolon. A statement that has a comment already stays
    /// as it is, as the specification asks.
    std::string append_to(std::string_view sql) const;

private:
    std::map<std::string, std::string> tags_; // encoded
};

} // namespace tusk::observe
