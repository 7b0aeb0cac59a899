#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <services/alerthist/common.hpp>
#include <tusk/pool/pool.hpp>

namespace tusk::alerthist {

/// Which part of the history is looked at.
struct analysis_range {
    instant from;
    instant to;
    std::optional<std::string> space; ///< The label namespace.
    std::optional<std::string> severity;
};

/// Questions over many events; the answers are finished JSON, as in openapi.json. Members throw
/// `tusk::error`.
class analysis {
public:
    explicit analysis(pool& on) noexcept : pool_{&on} {}

    /// Stats.
    boost::asio::awaitable<std::string> stats(const analysis_range& of);
    /// Lists of TopAlert and FlappingAlert.
    boost::asio::awaitable<std::string> top(const analysis_range& of, std::int64_t limit);
    boost::asio::awaitable<std::string> flapping(const analysis_range& of, std::int64_t threshold,
                                                 std::int64_t limit);

private:
    pool* pool_;
};

} // namespace tusk::alerthist
