#include <services/alerthist/console.hpp>

#include <memory>
#include <string>
#include <utility>

#include <services/alerthist/console_files.hpp>
#include <services/http/static_files.hpp>

namespace tusk::alerthist {

namespace {

/// The page's own files and nothing else: no inline code, no other host, no frame around it.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view assets_folder = "assets/";

/// Browsers name it; programs say that they take anything.
bool wants_html(const http::request& from) {
    return from.header("Accept").value_or("").find("text/html") != std::string_view::npos;
}

http::handler for_browsers(http::handler page, http::handler others) {
    return [page = std::move(page), others = std::move(others)](http::request& from) {
        return wants_html(from) ? page(from) : others(from);
    };
}

} // namespace

void serve_console(http::router& by, http::handler others) {
    auto page = std::make_shared<http::static_files>();
    auto parts = std::make_shared<http::static_files>();
    page->content_security_policy(std::string{page_policy});
    for (const auto& file : console_files()) {
        if (file.path.starts_with(assets_folder))
            parts->add(std::string{file.path.substr(assets_folder.size())}, file.content, file.gzipped);
        else
            page->add(std::string{file.path}, file.content, file.gzipped);
    }
    by.get("/", for_browsers(http::serve_files(page), std::move(others)));
    by.get("/assets/{path...}", http::serve_files(parts));
}

} // namespace tusk::alerthist
