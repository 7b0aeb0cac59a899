#pragma once

/// Every codec of Tusk. A new type gets one by specialising `tusk::codec` (docs/types.md).
#include <tusk/types/array.hpp>
#include <tusk/types/basic.hpp>
#include <tusk/types/bits.hpp>
#include <tusk/types/bytes.hpp>
#include <tusk/types/character.hpp>
#include <tusk/types/geometry.hpp>
#include <tusk/types/inet.hpp>
#include <tusk/types/interval.hpp>
#include <tusk/types/json.hpp>
#include <tusk/types/lsn.hpp>
#include <tusk/types/macaddr.hpp>
#include <tusk/types/money.hpp>
#include <tusk/types/multirange.hpp>
#include <tusk/types/numeric.hpp>
#include <tusk/types/range.hpp>
#include <tusk/types/tid.hpp>
#include <tusk/types/time.hpp>
#include <tusk/types/time_tz.hpp>
#include <tusk/types/uuid.hpp>
