#pragma once

#include <vector>

#include <tusk/migrate/detail/prepare.hpp>
#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/options.hpp>
#include <tusk/migrate/report.hpp>

namespace tusk::migrate::detail {

/// Executes prepared files and writes their rows, so that at every moment the rows say what is in effect:
///
/// mode file, all   statements and rows are one transaction;
/// mode none        each statement and its count are one transaction; for a statement that no transaction
///                  holds the row says "running" before it is sent, and on the next run what it left behind
///                  is looked at.
class executor {
public:
    enum class direction : std::uint8_t { up, down };

    executor(session& on, const apply_options& o, apply_report& report, direction way)
        : on_{&on}, options_{&o}, report_{&report}, way_{way} {}

    /// All of them, or up to the first that fails; says in the report what is in effect.
    failure run(std::vector<prepared_file>& files);

private:
    using clock = std::chrono::system_clock;

    failure run_all(std::vector<prepared_file>& files);
    failure try_all(std::vector<prepared_file>& files, std::vector<executed_file>& done);
    failure run_file(prepared_file& p);
    failure try_file(prepared_file& p, executed_file& done);
    failure in_transaction(prepared_file& p, executed_file& done);
    failure run_statements(prepared_file& p);
    failure run_down_alone(prepared_file& p);
    failure run_one(prepared_file& p, std::size_t i);
    failure try_one(prepared_file& p, std::size_t i);
    failure run_outside(prepared_file& p, std::size_t i);
    failure settle_interrupted(prepared_file& p);
    failure send_outside(const prepared_file& p, std::size_t i);
    failure run_checks(const prepared_file& p);
    failure check_one(const prepared_file& p, const pre_check& check);
    failure erase_rows(const prepared_file& p);
    failure write_row(prepared_file& p, const executed_file& done);
    failure commit(const prepared_file* p);
    void roll_back() noexcept;
    template <class F>
    failure with_retries(const prepared_file& p, F attempt);
    executed_file begun(const prepared_file& p) const;
    void tell(event_kind kind, const prepared_file* p = nullptr, std::size_t statement = 0,
              std::string_view detail = {}) const;

    session* on_;
    const apply_options* options_;
    apply_report* report_;
    direction way_;
};

} // namespace tusk::migrate::detail
