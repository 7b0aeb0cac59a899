#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include <services/alerthist/classifier.hpp>
#include <services/http/client.hpp>
#include <tusk/pool/breaker.hpp>

namespace tusk::alerthist {

/// A classifier behind HTTP. It is sent `{"alerts":[{"fingerprint","status","labels","annotations"},…]}` and
/// answers `{"classifications":[{"severity","confidence","category","reasoning","recommendations"},…]}`, one
/// for each alert in this order, null where it does not know. One retry within the time, then a breaker.
std::unique_ptr<classifier_backend> make_http_classifier(http::client by, std::string url,
                                                         std::chrono::steady_clock::duration timeout);

} // namespace tusk::alerthist
