#include <tusk/protocol/type_question.hpp>

namespace tusk::protocol {

failure write_question(session& s, pipeline& replies, type_question& what) {
    wire::bound_values arguments;
    std::span<const std::int16_t> formats;
    if (auto f = what.bind(arguments, formats)) return f;
    if (auto f = wire::write_parse(s.output, "", what.sql(), what.parameter_types())) return f;
    if (auto f = wire::write_bind(s.output, "", "", arguments, formats)) return f;
    if (auto f = wire::write_execute(s.output, "", 0)) return f;
    wire::write_sync(s.output);
    replies.expect_parse();
    replies.expect_execute(what);
    replies.expect_sync();
    return {};
}

} // namespace tusk::protocol
