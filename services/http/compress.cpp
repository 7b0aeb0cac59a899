#include <services/http/compress.hpp>

#include <algorithm>
#include <new>

#include <zlib.h>

#include <services/http/accept.hpp>

namespace tusk::http {

namespace {

constexpr int gzip_window = 15 + 16; // 32 KiB, with the header of gzip
constexpr int level = 6;

/// A cache must keep apart what differs by Accept-Encoding, compressed or not.
void add_vary(response& to) {
    const auto vary = to.headers().find("Vary");
    if (!vary)
        to.set_header("Vary", "Accept-Encoding");
    else if (vary->find("Accept-Encoding") == std::string_view::npos && *vary != "*")
        to.set_header("Vary", std::string{*vary} + ", Accept-Encoding");
}

bool is_candidate(const response& answer, std::size_t least) {
    if (answer.stream() || answer.upgrade() || answer.body().size() < least) return false;
    if (answer.headers().contains("Content-Encoding") || answer.headers().contains("Content-Range"))
        return false;
    const auto cache = answer.headers().find("Cache-Control");
    if (cache && cache->find("no-transform") != std::string_view::npos) return false;
    const auto type = answer.headers().find("Content-Type");
    return type && is_compressible(*type);
}

void compress_body(response& answer) {
    auto smaller = gzip(answer.body());
    if (smaller.size() >= answer.body().size()) return;
    answer.set_body(std::move(smaller)).set_header("Content-Encoding", "gzip");
    // The bytes are others than those that a strong entity tag was made for.
    if (const auto etag = answer.headers().find("ETag"); etag && !etag->starts_with("W/"))
        answer.set_header("ETag", "W/" + std::string{*etag});
}

boost::asio::awaitable<response> compress_answer(std::size_t least, request& of, next onward) {
    auto answer = co_await onward(of);
    if (is_candidate(answer, least)) {
        add_vary(answer);
        if (accepts_encoding(of.header("Accept-Encoding").value_or(""), "gzip")) compress_body(answer);
    }
    co_return answer;
}

} // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc{};
    std::string out(deflateBound(&stream, text.size()), '\0');
    // zlib's interface is not const, but it does not write there.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (ended != Z_STREAM_END) throw std::bad_alloc{};
    return out;
}

bool is_compressible(std::string_view content_type) noexcept {
    auto type = content_type.substr(0, content_type.find(';'));
    type = type.substr(0, type.find_last_not_of(' ') + 1);
    if (type.size() >= 5 && iequals(type.substr(0, 5), "text/")) return !iequals(type, "text/event-stream");
    if (type.ends_with("+json") || type.ends_with("+xml")) return true;
    static constexpr std::string_view known[] = {"application/json", "application/javascript",
                                                 "application/xml", "application/openmetrics-text",
                                                 "application/x-ndjson"};
    return std::any_of(std::begin(known), std::end(known), [&](auto one) { return iequals(one, type); });
}

middleware compress(std::size_t least) {
    return [least](request& of, next onward) { return compress_answer(least, of, onward); };
}

} // namespace tusk::http
