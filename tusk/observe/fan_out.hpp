#pragma once

#include <memory>
#include <vector>

#include <tusk/core/observer.hpp>

namespace tusk::observe {

/// Several observers as one: `fan_out({metrics, exporter.tracer(), slow})`. Each is called in turn and has a
/// `context` of its own; null pointers are left out. Throws `tusk::error` (`errc::invalid_argument`) when
/// more than 8 are left.
std::shared_ptr<observer> fan_out(std::vector<std::shared_ptr<observer>> to);

} // namespace tusk::observe
