#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <tusk/protocol/pipeline.hpp>
#include <tusk/wire/frontend.hpp>

namespace tusk::protocol {

/// What the server is asked about types before a statement can be bound. It is its own sink; what went wrong
/// with the answer is its `take_failure()`.
class type_question : public reply_sink {
public:
    virtual std::string_view sql() const noexcept = 0;
    virtual std::span<const std::uint32_t> parameter_types() const noexcept = 0;
    /// Makes the arguments of the next time it is asked.
    virtual failure bind(wire::bound_values& arguments, std::span<const std::int16_t>& formats) = 0;
};

/// Writes the question, as the unnamed statement with a Sync of its own, and expects the answer.
failure write_question(session& s, pipeline& replies, type_question& what);

} // namespace tusk::protocol
