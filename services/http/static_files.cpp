#include <services/http/static_files.hpp>

#include <algorithm>

#include <services/http/accept.hpp>
#include <services/http/compress.hpp>
#include <services/http/digest.hpp>

namespace tusk::http {

namespace {

struct type_of_ending {
    std::string_view ending;
    std::string_view type;
};

constexpr type_of_ending types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".yaml", "application/yaml; charset=utf-8"},
    {".xml", "application/xml"},
};

constexpr std::size_t least_hash = 8;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_word(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

boost::asio::awaitable<response> serve_one(std::shared_ptr<const static_files> files, request& of) {
    co_return files->serve(of, of.param("path"));
}

} // namespace

std::string_view content_type_of(std::string_view file_name) noexcept {
    for (const auto& [ending, type] : types)
        if (file_name.ends_with(ending)) return type;
    return "application/octet-stream";
}

bool has_hashed_name(std::string_view file_name) noexcept {
    if (file_name.ends_with(".map")) file_name.remove_suffix(4);
    const auto dot = file_name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const auto stem = file_name.substr(0, dot);
    const auto mark = stem.find_last_of("-./");
    if (mark == std::string_view::npos || stem[mark] == '/') return false;
    const auto hash = stem.substr(mark + 1);
    return hash.size() >= least_hash && std::all_of(hash.begin(), hash.end(), is_word) &&
           std::any_of(hash.begin(), hash.end(), is_digit);
}

static_files& static_files::add(std::string path, std::string_view content, std::string_view gzipped) {
    auto& one = files_[std::move(path)];
    one = file{};
    one.content = content;
    one.gzipped = gzipped;
    one.etag = to_hex(sha256(content)).substr(0, 32);
    return *this;
}

const static_files::file* static_files::find(std::string_view path, std::string& name) const {
    name = path;
    if (name.empty() || name.back() == '/') name += "index.html";
    const auto found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

response static_files::serve(const request& of, std::string_view path) const {
    std::string name;
    const auto* one = find(path, name);
    if (!one) return error_response(404, "NOT_FOUND", "There is no such file.", of.id());
    const auto type = content_type_of(name);
    const bool packed =
        !one->gzipped.empty() && accepts_encoding(of.header("Accept-Encoding").value_or(""), "gzip");
    const auto etag = '"' + one->etag + (packed ? "-gz\"" : "\"");

    response answer{200};
    answer.set_header("ETag", etag);
    answer.set_header("Cache-Control",
                      has_hashed_name(name) ? "public, max-age=31536000, immutable" : "no-cache");
    answer.set_header("X-Content-Type-Options", "nosniff");
    if (!one->gzipped.empty()) answer.set_header("Vary", "Accept-Encoding");
    if (matches_etag(of.header("If-None-Match").value_or(""), etag)) return answer.set_status(304);
    answer.set_header("Content-Type", type);
    if (type.starts_with("text/html")) {
        answer.set_header("Content-Security-Policy", policy_);
        answer.set_header("Referrer-Policy", "no-referrer");
    }
    if (packed) answer.set_header("Content-Encoding", "gzip");
    answer.set_body(std::string{packed ? one->gzipped : one->content});
    return answer;
}

handler serve_files(std::shared_ptr<const static_files> files) {
    return [files = std::move(files)](request& of) { return serve_one(files, of); };
}

} // namespace tusk::http
