#pragma once

/// What a server suffers from, and what to do about it.
#include <tusk/doctor/examine.hpp>
