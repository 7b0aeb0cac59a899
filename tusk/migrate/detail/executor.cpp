#include <tusk/migrate/detail/executor.hpp>

#include <algorithm>
#include <thread>

#include <tusk/client/tx_options.hpp>
#include <tusk/migrate/detail/index_repair.hpp>

namespace tusk::migrate::detail {

namespace {

bool may_go_away(const failure& f) { return f == condition::lock_timeout || f == condition::deadlock; }

/// What the journal keeps of a statement: everybody who reads the table reads it.
std::string without_secrets(const std::string& sql) {
    return lower(sql).find("password") == std::string::npos ? sql : "(not kept: it may hold a password)";
}

std::string without_secrets(const failure& f) {
    // The server's own words; detail lines hold values of rows.
    if (const auto* s = f.server()) return s->message + " [" + s->sqlstate + "]";
    return f.message();
}

bool is_true(const result_set& answer) {
    return answer.size() == 1 && answer.columns().size() == 1 && answer[0][std::size_t{0}].text() == "t";
}

} // namespace

void executor::tell(event_kind kind, const prepared_file* p, std::size_t statement,
                    std::string_view detail) const {
    if (!options_->on_event()) return;
    const auto name = p == nullptr ? std::string_view{} : std::string_view{p->source->name()};
    options_->on_event()(event{kind, name, statement, p == nullptr ? 0 : p->statements.size(), detail});
}

executed_file executor::begun(const prepared_file& p) const {
    executed_file out;
    out.name = p.source->name();
    out.version = p.file->version();
    out.description = p.file->description();
    out.begun = clock::now();
    out.skipped = p.first;
    return out;
}

failure executor::run(std::vector<prepared_file>& files) {
    if (options_->mode() == tx_mode::all && way_ == direction::up && !files.empty()) {
        if (auto f = run_all(files)) return f;
    } else {
        for (auto& each : files)
            if (auto f = run_file(each)) return f;
    }
    tell(event_kind::all_done);
    return {};
}

template <class F>
failure executor::with_retries(const prepared_file& p, F attempt) {
    for (unsigned i = 0;; ++i) {
        auto f = attempt();
        if (!may_go_away(f) || i >= options_->lock_retries() || on_->stop_requested()) return f;
        tell(event_kind::retrying, &p, report_->stopped.statement, f.text());
        report_->stopped = {};
        std::this_thread::sleep_for(tusk::detail::back_off_time(i));
    }
}

void executor::roll_back() noexcept {
    if (on_->db().is_open()) static_cast<void>(on_->db().try_script("rollback"));
}

failure executor::commit(const prepared_file* p) {
    if (auto f = on_->run_hook("before_commit", options_->before_commit())) {
        roll_back();
        return f;
    }
    tell(event_kind::committing, p);
    auto f = on_->db().try_script("commit");
    if (f == condition::connection_lost && f.sent() != sent_state::none) {
        f.set_code(make_error_code(errc::in_doubt));
        f.add_context("COMMIT was sent and not answered; the revisions table tells what became of it");
    }
    if (f) roll_back();
    return f;
}

// ---- one transaction for all files

failure executor::run_all(std::vector<prepared_file>& files) {
    std::vector<executed_file> done;
    auto f = with_retries(files.front(), [&] {
        done.clear();
        auto attempt = try_all(files, done);
        if (attempt) roll_back();
        return attempt;
    });
    if (!f) report_->applied = std::move(done);
    return f;
}

failure executor::try_all(std::vector<prepared_file>& files, std::vector<executed_file>& done) {
    if (auto f = on_->reset("begin")) return f;
    if (auto f = on_->run_hook("after_begin", options_->after_begin())) return f;
    for (auto& each : files) {
        tell(event_kind::file_begins, &each);
        done.push_back(begun(each));
        if (auto f = in_transaction(each, done.back())) return f;
        tell(event_kind::file_done, &each);
    }
    return commit(nullptr);
}

// ---- one file

failure executor::run_file(prepared_file& p) {
    if (on_->stop_requested()) return failure{errc::canceled, "stopped before " + p.source->name()};
    tell(event_kind::file_begins, &p);
    if (p.mode == tx_mode::none) return way_ == direction::up ? run_statements(p) : run_down_alone(p);
    executed_file done;
    auto f = with_retries(p, [&] {
        done = begun(p);
        auto attempt = try_file(p, done);
        if (attempt) roll_back();
        return attempt;
    });
    if (f) return f;
    report_->applied.push_back(std::move(done));
    tell(event_kind::file_done, &p);
    return {};
}

failure executor::try_file(prepared_file& p, executed_file& done) {
    if (auto f = on_->reset("begin")) return f;
    if (auto f = on_->run_hook("after_begin", options_->after_begin())) return f;
    if (auto f = in_transaction(p, done)) return f;
    return commit(&p);
}

/// Checks, statements and row; the transaction is open and stays so.
failure executor::in_transaction(prepared_file& p, executed_file& done) {
    if (auto f = run_checks(p)) return f;
    for (std::size_t i = p.first; i < p.statements.size(); ++i) {
        tell(event_kind::statement_runs, &p, i + 1);
        if (auto f = on_->execute(p.statements[i].text)) return located(p, i, std::move(f), report_->stopped);
        ++done.statements;
        tell(event_kind::statement_done, &p, i + 1);
    }
    // The file may have set a role or a time limit that is not the journal's.
    if (auto f = on_->reset()) return f;
    done.took = clock::now() - done.begun;
    return write_row(p, done);
}

failure executor::erase_rows(const prepared_file& p) {
    for (const auto& version : p.takes_back)
        if (auto f = on_->journal().erase(version)) return f;
    return {};
}

failure executor::write_row(prepared_file& p, const executed_file& done) {
    if (way_ == direction::down) return erase_rows(p);
    auto row = p.row;
    row.applied = row.total;
    row.error.reset();
    row.error_stmt.reset();
    row.partial_hashes.reset();
    row.executed_at = std::chrono::floor<std::chrono::microseconds>(done.begun);
    row.execution_time = done.took.count();
    return on_->journal().write(row);
}

// ---- one statement

failure executor::run_statements(prepared_file& p) {
    report_->applied.push_back(begun(p));
    const auto index = report_->applied.size() - 1;
    if (auto f = on_->reset()) return f;
    if (p.first == 0 && !p.interrupted)
        if (auto f = run_checks(p)) return f;
    p.row.applied = static_cast<std::int64_t>(p.first);
    p.row.executed_at = std::chrono::floor<std::chrono::microseconds>(clock::now());
    if (auto f = settle_interrupted(p)) return f;
    if (p.first == 0) p.row.partial_hashes.reset();
    p.row.error.reset();
    p.row.error_stmt.reset();
    if (auto f = on_->journal().write(p.row)) return f;
    for (std::size_t i = p.first; i < p.statements.size(); ++i) {
        tell(event_kind::statement_runs, &p, i + 1);
        auto f = p.statements[i].runs_outside() ? run_outside(p, i) : run_one(p, i);
        if (f) {
            const auto why = without_secrets(f);
            const bool known = f.code() != errc::in_doubt && on_->db().is_open();
            // The first failure is what matters; a row that cannot be written says "running" still.
            if (known)
                static_cast<void>(
                    on_->journal().mark_failed(p.row, why, without_secrets(p.statements[i].text)));
            return located(p, i, std::move(f), report_->stopped);
        }
        ++report_->applied[index].statements;
        tell(event_kind::journal_done, &p, i + 1);
    }
    auto& done = report_->applied[index];
    done.took = clock::now() - done.begun;
    p.row.execution_time = done.took.count();
    if (auto f = on_->reset()) return f;
    if (auto f = on_->journal().finish(p.row)) return f;
    tell(event_kind::file_done, &p);
    return {};
}

failure executor::run_one(prepared_file& p, std::size_t i) {
    return with_retries(p, [&] {
        auto f = try_one(p, i);
        if (f) roll_back();
        return f;
    });
}

failure executor::try_one(prepared_file& p, std::size_t i) {
    if (auto f = on_->db().try_script("begin")) return f;
    if (auto f = on_->run_hook("after_begin", options_->after_begin())) return f;
    if (auto f = on_->execute(p.statements[i].text)) return f;
    tell(event_kind::statement_done, &p, i + 1);
    if (auto f = on_->journal().advance(p.row, static_cast<std::int64_t>(i), p.hashes[i])) return f;
    return commit(&p);
}

/// "running" is in the row before the statement is sent, its effect after it.
failure executor::run_outside(prepared_file& p, std::size_t i) {
    if (auto f = on_->journal().mark_running(p.row, without_secrets(p.statements[i].text))) return f;
    auto f = with_retries(p, [&] { return send_outside(p, i); });
    if (f) {
        if (on_->db().is_open() && f.code() != errc::canceled)
            if (const auto left = drop_invalid_index(*on_, p.statements[i]); left && *left)
                tell(event_kind::repairing, &p, i + 1, "dropped the invalid index that the statement left");
        return f;
    }
    tell(event_kind::statement_done, &p, i + 1);
    return on_->journal().advance(p.row, static_cast<std::int64_t>(i), p.hashes[i]);
}

failure executor::send_outside(const prepared_file& p, std::size_t i) {
    const auto left = drop_invalid_index(*on_, p.statements[i]);
    if (!left) return left.error();
    if (*left) tell(event_kind::repairing, &p, i + 1, "dropped an invalid index of an earlier attempt");
    // It waits for old transactions without keeping anybody from anything.
    if (auto f = on_->db().try_script("set lock_timeout = 0")) return f;
    auto f = on_->execute(p.statements[i].text);
    if (!f || on_->db().is_open())
        static_cast<void>(on_->db().try_script("set lock_timeout = " +
                                               std::to_string(options_->statement_lock_timeout().count())));
    return f;
}

failure executor::settle_interrupted(prepared_file& p) {
    if (!p.interrupted || p.first >= p.statements.size()) return {};
    auto known = verdict::unknown;
    if (options_->resolve() != resolution::ask) {
        known = options_->resolve() == resolution::done ? verdict::done : verdict::redo;
    } else {
        const auto found = judge_interrupted(*on_, p.statements[p.first]);
        if (!found) return located(p, p.first, found.error(), report_->stopped);
        known = *found;
    }
    if (known == verdict::unknown)
        return located(
            p, p.first,
            failure{errc::in_doubt,
                    "the last run was cut off while this statement ran, and whether it took effect cannot "
                    "be seen\nremedy: look yourself, then --resolve done or --resolve redo"},
            report_->stopped);
    if (known == verdict::redo) return {};
    if (auto f = on_->journal().advance(p.row, static_cast<std::int64_t>(p.first), p.hashes[p.first]))
        return f;
    auto hashes = partial_hashes_of(p.row);
    hashes.push_back(p.hashes[p.first]);
    std::string list;
    for (const auto& each : hashes) list += (list.empty() ? "[\"" : ",\"") + each + "\"";
    p.row.partial_hashes = list + "]";
    p.row.applied = static_cast<std::int64_t>(++p.first);
    report_->applied.back().skipped = p.first;
    return {};
}

failure executor::run_down_alone(prepared_file& p) {
    auto done = begun(p);
    if (auto f = on_->reset()) return f;
    if (auto f = run_checks(p)) return f;
    for (std::size_t i = 0; i < p.statements.size(); ++i) {
        tell(event_kind::statement_runs, &p, i + 1);
        if (auto f = with_retries(p, [&] { return send_outside(p, i); }))
            return located(p, i, std::move(f), report_->stopped);
        ++done.statements;
    }
    if (auto f = on_->reset("begin")) return f;
    auto erased = erase_rows(p);
    auto ended = on_->db().try_script(erased ? "rollback" : "commit");
    if (erased || ended) return erased ? erased : ended;
    done.took = clock::now() - done.begun;
    report_->applied.push_back(std::move(done));
    tell(event_kind::file_done, &p);
    return {};
}

// ---- checks

failure executor::run_checks(const prepared_file& p) {
    if (p.first > 0) return {};
    for (const auto& each : p.checks)
        if (auto f = check_one(p, each)) return f;
    return {};
}

failure executor::check_one(const prepared_file& p, const pre_check& check) {
    std::size_t passed = 0;
    for (const auto& s : check.statements) {
        bool good = false;
        try {
            good = is_true(on_->db().query(options{}.mode(protocol::exec_mode::simple_protocol), s.text));
        } catch (const error& e) {
            return failure{e.as_failure()}.add_context(p.source->place_of(s.offset));
        }
        if (good) ++passed;
        if (good || check.one_of) continue;
        return failure{errc::invalid_argument, p.source->place_of(s.offset) + ": the check of " + check.name +
                                                   " does not hold: " + s.text};
    }
    if (passed > 0 || !check.one_of || check.statements.empty()) return {};
    return failure{errc::invalid_argument, p.source->place_of(check.statements.front().offset) +
                                               ": none of the checks of " + check.name + " holds"};
}

} // namespace tusk::migrate::detail
