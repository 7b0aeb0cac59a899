#pragma once

#include <chrono>
#include <string_view>

#include <tusk/core/observer.hpp>

/// Calls that a pool or a connection would make.
namespace events {

using tusk::failure;
using namespace std::chrono_literals;

inline void connect(tusk::observer& to, std::string_view pool, std::chrono::milliseconds elapsed,
                    const failure* error = nullptr) {
    tusk::connect_event e;
    e.pool = pool;
    e.elapsed = elapsed;
    e.error = error;
    to.connect_started(e);
    to.connect_finished(e);
}

inline void query(tusk::observer& to, std::string_view command, std::string_view table,
                  std::chrono::milliseconds elapsed, const failure* error = nullptr) {
    tusk::query_event e;
    e.command = command;
    e.table = table;
    e.elapsed = elapsed;
    e.error = error;
    to.query_started(e);
    to.query_finished(e);
}

inline void copy(tusk::observer& to, std::string_view table, std::chrono::milliseconds elapsed,
                 const failure* error = nullptr) {
    tusk::copy_event e;
    e.table = table;
    e.elapsed = elapsed;
    e.error = error;
    to.copy_started(e);
    to.copy_finished(e);
}

inline void acquire(tusk::observer& to, std::string_view pool, std::chrono::milliseconds elapsed,
                    tusk::acquire_result result = tusk::acquire_result::ok) {
    tusk::acquire_event e;
    e.pool = pool;
    e.elapsed = elapsed;
    e.result = result;
    to.acquire_finished(e);
}

inline void release(tusk::observer& to, std::string_view pool, std::chrono::milliseconds held) {
    tusk::release_event e;
    e.pool = pool;
    e.elapsed = held;
    to.released(e);
}

inline void close(tusk::observer& to, std::string_view pool, tusk::close_reason reason) {
    tusk::connection_closed_event e;
    e.pool = pool;
    e.reason = reason;
    to.connection_closed(e);
}

inline void health(tusk::observer& to, std::string_view pool, bool healthy) {
    tusk::health_event e;
    e.pool = pool;
    e.healthy = healthy;
    to.health_checked(e);
}

} // namespace events
