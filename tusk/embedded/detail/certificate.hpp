#pragma once

#include <filesystem>

#include <tusk/core/error.hpp>
#include <tusk/embedded/detail/identity.hpp>

namespace tusk::embedded::detail {

/// Where the parts of a server's identity go (PEM).
struct certificate_files {
    std::filesystem::path authority; ///< What clients trust.
    std::filesystem::path certificate;
    std::filesystem::path key; ///< Readable for its owner only: the server insists.
};

/// Makes an authority, whose key nobody keeps, and a certificate by it for "localhost", 127.0.0.1 and ::1,
/// valid for ten years; does nothing when all files are there. They belong to `who`.
failure make_certificates(const certificate_files& files, const identity& who);

} // namespace tusk::embedded::detail
