#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <services/http/router.hpp>

namespace tusk::http {

/// The media type for a file name's ending, with a charset for text; `application/octet-stream` when unknown.
std::string_view content_type_of(std::string_view file_name) noexcept;

/// Whether the name holds the hash of its content, as bundlers write it (`app-3f2a9c1b.js`,
/// `app.3f2a9c1b.js`): eight or more letters and digits, some of them digits, between `-` or `.` and the
/// ending.
bool has_hashed_name(std::string_view file_name) noexcept;

/// Files in memory, such as those of a web page in the program. Add them first, then share it.
class static_files {
public:
    /// `path` is below the place where the files are served, without a leading slash. `content` has to
    /// outlive this object, and `gzipped`, the same compressed, too; without it the file is sent as it is.
    static_files& add(std::string path, std::string_view content, std::string_view gzipped = {});
    /// Sent with HTML. Default: everything from the own origin, nothing from elsewhere.
    static_files& content_security_policy(std::string policy) {
        policy_ = std::move(policy);
        return *this;
    }

    /// Answers for the file: 200, 304 when the client has it, 404. An empty path and one that ends with a
    /// slash mean `index.html` there.
    response serve(const request& of, std::string_view path) const;

private:
    struct file {
        std::string_view content;
        std::string_view gzipped;
        std::string etag;
    };
    const file* find(std::string_view path, std::string& name) const;

    std::map<std::string, file, std::less<>> files_;
    std::string policy_ = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                          "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
};

/// For a route that ends with `{path...}`, or one without parameters: `index.html`.
handler serve_files(std::shared_ptr<const static_files> files);

} // namespace tusk::http
