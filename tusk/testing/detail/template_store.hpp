#pragma once

#include <string>

#include <tusk/client/blocking.hpp>
#include <tusk/testing/database_options.hpp>

namespace tusk::testing::detail {

/// The template of this content on this server: found, or made under a lock that all processes respect.
/// Throws `tusk::error`, naming the step that failed.
std::string template_for(blocking::connection& admin, const database_options& o);

/// `create database … template …`, by the way of copying that is fastest on this server. Retries while
/// somebody is connected to the source. Throws `tusk::error` with a remedy.
void clone(blocking::connection& admin, const std::string& name, const std::string& from,
           const std::string& owner = {});
failure try_clone(blocking::connection& admin, const std::string& name, const std::string& from,
                  const std::string& owner = {});

/// The template does not exist any more: somebody cleaned up.
bool is_missing_template(const failure& problem);

} // namespace tusk::testing::detail
