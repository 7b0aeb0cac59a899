#include <tusk/migrate/run.hpp>

#include <algorithm>

#include <tusk/migrate/detail/executor.hpp>
#include <tusk/migrate/detail/prepare.hpp>
#include <tusk/migrate/detail/session.hpp>
#include <tusk/migrate/pending.hpp>

namespace tusk::migrate {

namespace {

const revision* row_of(const std::vector<revision>& rows, const std::string& version) {
    const auto at = std::lower_bound(rows.begin(), rows.end(), version,
                                     [](const revision& r, const std::string& v) { return r.version < v; });
    return at == rows.end() || at->version != version ? nullptr : &*at;
}

/// One call of `apply`.
class application {
public:
    application(const directory& dir, const connect_config& target, const apply_options& o,
                apply_report& report)
        : dir_{&dir}, target_{&target}, options_{&o}, report_{&report} {}

    failure run() {
        if (auto f = options_->check()) return f;
        if (auto f = dir_->validate()) return f;
        auto opened = detail::session::open(*target_, *options_, options_->dry_run());
        if (!opened) return opened.error();
        session_ = std::move(*opened);
        if (options_->dry_run()) return plan();
        if (auto f = session_->lock(*options_)) return f;
        if (options_->on_event()) options_->on_event()(event{event_kind::locked, {}, 0, 0, {}});
        if (auto f = plan()) return f;
        return execute();
    }

private:
    failure plan() {
        auto rows = session_->journal().read();
        if (!rows) return rows.error();
        const auto clean = rows->empty() ? session_->journal().is_clean() : result<bool>{true};
        if (!clean) return clean.error();
        auto pending = compute_pending(*dir_, *rows, *clean, *options_);
        if (!pending) return pending.error();
        baseline_ = pending->baseline;
        if (!rows->empty()) report_->current = rows->back().version;
        if (auto f = look_at_edits(*rows)) return f;
        return prepare(*pending, *rows);
    }

    failure look_at_edits(const std::vector<revision>& rows) {
        for (const auto* file : edited_files(*dir_, rows)) {
            const auto what = file->name() + " was edited after it had been applied";
            if (!options_->allow_edited())
                return failure{
                    errc::invalid_argument,
                    what + "\nremedy: bring back what was applied and write a new migration; when the "
                           "edit is meant, --allow-edited"};
            report_->warnings.push_back(what);
        }
        return {};
    }

    /// Everything is split and looked at before the first statement is sent.
    failure prepare(const pending_set& pending, const std::vector<revision>& rows) {
        for (const auto* file : pending.files) {
            const auto* row = row_of(rows, file->version());
            auto one = detail::prepare_up(*dir_, *file, row, options_->mode());
            if (!one) return one.error();
            if (file->has_crlf())
                report_->warnings.push_back(file->name() +
                                            " has line ends of Windows (CRLF): checked out on another "
                                            "system it may have another hash");
            report_->planned.push_back(detail::plan_of(*one));
            prepared_.push_back(std::move(*one));
        }
        report_->target = prepared_.empty() ? report_->current : prepared_.back().file->version();
        return {};
    }

    failure write_baseline() {
        revision r;
        r.version = baseline_->version();
        r.description = baseline_->description();
        r.type = type_baseline;
        r.hash = dir_->sum().hash_of(baseline_->name());
        r.executed_at = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
        r.operator_version = "Tusk v" TUSK_VERSION;
        return session_->journal().write(r);
    }

    failure execute() {
        if (prepared_.empty() && baseline_ == nullptr && session_->journal().exists()) return {};
        if (auto f = session_->journal().create()) return f;
        if (baseline_ != nullptr)
            if (auto f = write_baseline()) return f;
        detail::executor work{*session_, *options_, *report_, detail::executor::direction::up};
        return work.run(prepared_);
    }

    const directory* dir_;
    const connect_config* target_;
    const apply_options* options_;
    apply_report* report_;
    std::unique_ptr<detail::session> session_;
    const migration_file* baseline_ = nullptr;
    std::vector<detail::prepared_file> prepared_;
};

} // namespace

apply_report run_apply(const directory& dir, const connect_config& target, const apply_options& o) {
    apply_report out;
    out.dry_run = o.dry_run();
    out.problem = application{dir, target, o, out}.run();
    return out;
}

} // namespace tusk::migrate
