#include <tusk/embedded/binaries.hpp>

#include <tusk/embedded/detail/search.hpp>

namespace tusk::embedded {

result<binaries> find_binaries(const find_options& options) {
    return detail::find_in(detail::search_context::from_environment(), options);
}

std::vector<binaries> list_binaries() { return detail::list_in(detail::search_context::from_environment()); }

} // namespace tusk::embedded
