// SQL texts with arguments by name. Text without braces is left as it is; the pieces of the lexer are the
// text; what was rewritten has no name left.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <tusk/client/named_arguments.hpp>

namespace {

using tusk::detail::sql_lexer;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_pieces(std::string_view sql) {
    sql_lexer lexer{sql};
    sql_lexer::piece p;
    std::string together;
    while (lexer.next(p)) {
        require(!p.text.empty());
        require(p.what != sql_lexer::kind::unfinished || together.size() + p.text.size() == sql.size());
        together += p.text;
    }
    require(together == sql);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view sql{reinterpret_cast<const char*>(data), size};
    check_pieces(sql);
    const auto out = tusk::detail::rewrite_named(sql);
    const bool has_braces = sql.find_first_of("{}") != std::string_view::npos;
    if (!out) {
        require(out.error().code() == tusk::errc::invalid_argument);
        return 0;
    }
    if (!has_braces) {
        require(out->text == sql && out->names.empty());
        return 0;
    }
    for (const auto name : out->names)
        require(name.data() > sql.data() && name.data() + name.size() < sql.data() + sql.size());
    require(tusk::detail::match_named(*out, out->names).has_value());
    return 0;
}
