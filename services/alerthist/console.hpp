#pragma once

#include <services/http/router.hpp>

namespace tusk::alerthist {

/// Serves the console (`console/dist`, compiled in) at `/`, and what it is made of below `/assets/`. Whoever
/// does not ask for HTML at `/`, as curl, gets the answer of `others`. Nobody needs a key for these; what the
/// page then asks for may need one.
void serve_console(http::router& by, http::handler others);

} // namespace tusk::alerthist
