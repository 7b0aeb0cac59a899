#include <tusk/types/detail/quoting.hpp>

#include <algorithm>
#include <string_view>

namespace tusk::detail {

void put_in_quotes(value_sink& out, std::size_t start, char before_quote) {
    const std::size_t size = out.size() - start;
    const std::string_view text{reinterpret_cast<const char*>(out.data() + start), size};
    const auto escapes = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_escaped));
    out.append(escapes + 2);
    // Spread the text out from its end, which has moved past every byte still to be read.
    char* const first = reinterpret_cast<char*>(out.data() + start);
    char* to = first + size + escapes + 2;
    *--to = '"';
    for (const char* from = first + size; from != first;) {
        const char c = *--from;
        *--to = c;
        if (is_escaped(c)) *--to = c == '"' ? before_quote : '\\';
    }
    *--to = '"';
}

} // namespace tusk::detail
