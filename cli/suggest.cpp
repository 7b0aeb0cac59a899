#include <cli/suggest.hpp>

#include <algorithm>

namespace tusk::cli {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
    using counts = std::vector<std::size_t>;
    counts before_last(b.size() + 1);
    counts last(b.size() + 1);
    counts row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

} // namespace

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t longest = 64; // nobody mistypes more, and the work grows with the length
    if (word.size() > longest) return {};
    std::string best;
    std::size_t nearest = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        const auto far = distance(word, candidate);
        if (far >= nearest) continue;
        nearest = far;
        best = candidate;
    }
    return best;
}

} // namespace tusk::cli
