#pragma once

#include <memory>

#include <services/common/host.hpp>
#include <services/http/router.hpp>
#include <services/talk/config.hpp>
#include <services/talk/handlers.hpp>

namespace tusk::talk {

/// The routes of both protocols: every endpoint as REST, and as a unary procedure of Connect (JSON only). The
/// pool has to outlive the routes.
http::router make_routes(pool& on, const config& settings, common::error_sink report);

/// What handlers work with.
class backend {
public:
    backend(pool& on, common::error_sink report_) : all{on}, report{std::move(report_)} {}
    services all;
    common::error_sink report; ///< For what the client is not told.
};

/// Adds `POST /talk.v1.…` for every endpoint. Source: connectrpc.com/docs/protocol, unary requests.
void add_connect_routes(http::router& to, const std::shared_ptr<const backend>& behind,
                        std::uint64_t max_request_size);

} // namespace tusk::talk
