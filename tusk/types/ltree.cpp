#include <tusk/types/ltree.hpp>

#include <algorithm>

namespace tusk {

std::vector<std::string_view> ltree::labels() const {
    std::vector<std::string_view> out;
    std::string_view rest = text();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('.'), rest.size());
        out.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

bool ltree::is_ancestor_of(const ltree& other) const noexcept {
    const std::string_view mine = text(), theirs = other.text();
    if (!theirs.starts_with(mine)) return false;
    return mine.empty() || theirs.size() == mine.size() || theirs[mine.size()] == '.';
}

} // namespace tusk
