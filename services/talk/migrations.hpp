#pragma once

#include <tusk/migrate/directory.hpp>

namespace tusk::talk {

/// The files of `services/talk/migrations`, as they were when the program was built.
const migrate::directory& migrations();

} // namespace tusk::talk
