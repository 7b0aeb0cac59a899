#pragma once

#include <span>
#include <string_view>

namespace tusk::alerthist {

/// A file that was compiled in.
struct embedded_file {
    std::string_view name;
    std::string_view content;
};

/// The migrations, `atlas.sum` and `openapi.json`.
std::span<const embedded_file> embedded_files();

/// The content of one; empty when there is none of that name.
constexpr std::string_view find_file(std::span<const embedded_file> in, std::string_view name) noexcept {
    for (const auto& one : in)
        if (one.name == name) return one.content;
    return {};
}

} // namespace tusk::alerthist
