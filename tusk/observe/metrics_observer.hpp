#pragma once

#include <tusk/core/observer.hpp>
#include <tusk/observe/registry.hpp>

namespace tusk::observe {

/// Counts and times what connections and pools do, in a registry that the program may share with its own
/// metrics. One observer serves any number of pools; each series says which one where its name has a `pool`
/// label ("none" for a single connection). `docs/observability.md` lists the series, under Prometheus' names
/// and OpenTelemetry's: each duration is measured once. The registry must outlive the observer. Safe from
/// several threads; a call costs a look-up of a known label set and atomic additions.
class metrics_observer final : public observer {
public:
    /// Declares the families. Throws `tusk::error` (`errc::invalid_configuration`) when the registry already
    /// has one of these names declared in another way.
    explicit metrics_observer(registry& in);

    void connect_finished(connect_event& event) noexcept override;
    void query_finished(query_event& event) noexcept override;
    void batch_finished(batch_event& event) noexcept override;
    void copy_finished(copy_event& event) noexcept override;
    void acquire_finished(acquire_event& event) noexcept override;
    void released(release_event& event) noexcept override;
    void connection_closed(connection_closed_event& event) noexcept override;
    void health_checked(health_event& event) noexcept override;
    void breaker_changed(breaker_event& event) noexcept override;
    void retried(retry_event& event) noexcept override;
    void under_pressure(pressure_event& event) noexcept override;
    void leaked(leak_event& event) noexcept override;

private:
    /// Where the successes of one kind of statement are recorded.
    struct statement_instruments {
        histogram* duration = nullptr;
        histogram* rows = nullptr;
    };
    /// Where a pool's traffic is recorded.
    struct pool_instruments {
        counter* acquired = nullptr;
        histogram* wait = nullptr;
        histogram* use = nullptr;
    };
    statement_instruments of_statement(const observed& event, std::string_view command,
                                       std::string_view table) noexcept;
    pool_instruments of_pool(std::string_view pool) noexcept;
    void record(const observed& event, std::string_view type, std::string_view table) noexcept;
    void count_error(const failure& error) noexcept;

    std::uint64_t id_; ///< Nobody else had it or will have it: threads remember by it.
    family<histogram, 5>& operations_;
    family<histogram, 3>& rows_;
    family<histogram, 3>& servers_;
    family<counter, 2>& errors_;
    family<histogram, 1>& wait_duration_;
    family<counter, 2>& acquires_;
    family<histogram, 1>& use_duration_;
    family<histogram, 1>& create_duration_;
    family<counter, 1>& created_;
    family<counter, 2>& closed_;
    family<gauge, 1>& health_status_;
    family<counter, 1>& health_failures_;
    family<gauge, 1>& breaker_state_;
    family<counter, 1>& retries_;
    family<counter, 2>& pressure_;
    family<counter, 1>& leaks_;
};

} // namespace tusk::observe
