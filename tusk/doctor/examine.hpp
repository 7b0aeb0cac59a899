#pragma once

#include <boost/asio/awaitable.hpp>

#include <tusk/doctor/examination.hpp>
#include <tusk/doctor/thresholds.hpp>

namespace tusk {

class verbs;
namespace blocking {
class verbs;
}

namespace doctor {

/// Looks at a server and the connected database: who is connected and who waits for whom, long-running
/// statements, indexes that are missing, unused, duplicate or invalid, dead rows, cache hits, transaction IDs
/// and sequences that run out, replication slots, settings that lose data. Reads the catalog and the
/// statistics only; a role with `pg_monitor` sees everything. What cannot be examined is listed with the
/// reason. Throws `tusk::error` when the connection is lost.
examination examine(blocking::verbs& db, const thresholds& limits = {});
boost::asio::awaitable<examination> examine(verbs& db, thresholds limits = {});

} // namespace doctor

} // namespace tusk
