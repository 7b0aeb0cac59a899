#pragma once

#include <services/common/config.hpp>
#include <services/common/instant.hpp>
#include <services/common/json_writer.hpp>
#include <services/common/log.hpp>
#include <services/common/suggest.hpp>

namespace tusk::alerthist {

/// What the services share goes by its own name here.
using namespace common; // NOLINT(google-build-using-namespace)

} // namespace tusk::alerthist
