#include <tusk/migrate/trial.hpp>

#include <optional>
#include <regex>

#include <tusk/migrate/detail/caught.hpp>
#include <tusk/migrate/detail/refusal.hpp>
#include <tusk/migrate/lexer.hpp>
#include <tusk/migrate/run.hpp>
#include <tusk/migrate/splitter.hpp>

namespace tusk::migrate {

namespace {

namespace fs = std::filesystem;

enum class trial_act : std::uint8_t { run, migrate, down, expect_error, expect_output, log, skip };

struct trial_step {
    trial_act what = trial_act::run;
    std::string text; ///< SQL, or the argument.
    std::size_t offset = 0;
};

struct trial_case {
    std::string name;
    std::vector<trial_step> steps;
};

struct trial_file {
    std::string name;
    std::string content;
    std::vector<trial_case> cases;

    std::string place_of(std::size_t offset) const { return place(name, position_of(content, offset)); }
};

std::optional<trial_act> act_of(const std::string& word) {
    if (word == "migrate") return trial_act::migrate;
    if (word == "down") return trial_act::down;
    if (word == "catch") return trial_act::expect_error;
    if (word == "output") return trial_act::expect_output;
    if (word == "log") return trial_act::log;
    if (word == "skip") return trial_act::skip;
    return std::nullopt;
}

/// Reads one test file: directives, and the statements between them.
class trial_reader {
public:
    explicit trial_reader(trial_file& into) : into_{&into} {}

    failure read() {
        lexer tokens{into_->content};
        std::size_t begin = 0;
        for (token t; tokens.next(t);) {
            if (t.kind != token_kind::comment || !t.text.starts_with("--")) continue;
            const auto found = directives_in(t.text);
            if (found.empty()) continue;
            if (auto f = add_statements(begin, t.offset)) return f;
            begin = t.offset + t.text.size();
            if (auto f = add(found.front(), t.offset)) return f;
        }
        return add_statements(begin, into_->content.size());
    }

private:
    trial_case& current() {
        if (into_->cases.empty()) into_->cases.push_back({fs::path{into_->name}.stem().string(), {}});
        return into_->cases.back();
    }

    failure add(const directive& d, std::size_t offset) {
        if (d.name == "test") {
            into_->cases.push_back({d.arguments, {}});
            return d.arguments.empty() ? refused(into_->place_of(offset) + ": a test needs a name")
                                       : failure{};
        }
        const auto what = act_of(d.name);
        if (!what)
            return refused(into_->place_of(offset) + ": there is no directive tusk:" + d.name +
                           " of tests; test, migrate, down, catch, output, log and skip are there");
        if (d.arguments.empty() && (*what == trial_act::migrate || *what == trial_act::down))
            return refused(into_->place_of(offset) + ": tusk:" + d.name + " needs a version");
        current().steps.push_back({*what, d.arguments, offset});
        return {};
    }

    failure add_statements(std::size_t begin, std::size_t end) {
        const auto text = std::string_view{into_->content}.substr(begin, end - begin);
        const auto found = split_statements(text, ";", begin);
        if (!found) return failure{found.error()}.add_context(into_->name);
        for (const auto& s : *found) current().steps.push_back({trial_act::run, s.text, s.offset});
        return {};
    }

    trial_file* into_;
};

/// Rows as `tusk:output` writes them.
std::string as_lines(const std::vector<result_set>& sets) {
    std::string out;
    for (const auto& set : sets)
        for (const auto row : set) {
            std::string line;
            bool first = true;
            for (const auto& value : row) {
                line += (first ? "" : "|") + std::string{value.is_null() ? "" : value.text()};
                first = false;
            }
            out += (out.empty() ? "" : "\n") + line;
        }
    return out;
}

bool has_false(const std::vector<result_set>& sets) {
    for (const auto& set : sets)
        for (const auto row : set)
            for (const auto& value : row)
                if (value.type() == oid::boolean && (value.is_null() || value.text() != "t")) return true;
    return false;
}

/// One case on its database.
class trial_run {
public:
    trial_run(const directory& dir, const trial_options& o, schema::scratch_database& place, trial& report)
        : dir_{&dir}, options_{&o}, place_{&place}, report_{&report}, db_{place.connect()} {}

    void run(const trial_file& file, const trial_case& one) {
        for (const auto& step : one.steps) {
            if (step.what == trial_act::skip) {
                report_->log.emplace_back("skipped");
                return;
            }
            const auto why = run(step);
            if (why.empty()) continue;
            report_->problem = file.place_of(step.offset) + ": " + why;
            return;
        }
        if (error_) report_->problem = file.place_of(file.content.size()) + ": nothing follows tusk:catch";
    }

private:
    std::string run(const trial_step& step) {
        if (step.what == trial_act::migrate) return migrate_to(step.text);
        if (step.what == trial_act::down) return back_to(step.text);
        if (step.what == trial_act::log) report_->log.push_back(step.text);
        if (step.what == trial_act::expect_error) error_ = step.text;
        if (step.what == trial_act::expect_output)
            output_ = output_ ? *output_ + "\n" + step.text : step.text;
        return step.what == trial_act::run ? execute(step.text) : std::string{};
    }

    std::string execute(const std::string& sql) {
        const auto wanted_error = std::exchange(error_, std::nullopt);
        const auto wanted_output = std::exchange(output_, std::nullopt);
        const auto answer = db_.try_results(sql);
        if (!answer) {
            const auto said = answer.error().message();
            if (!wanted_error) return said;
            return said.find(*wanted_error) == std::string::npos
                       ? "failed with \"" + said + "\", not with \"" + *wanted_error + "\""
                       : std::string{};
        }
        if (wanted_error) return "did not fail";
        if (!wanted_output) return has_false(*answer) ? "returned false or NULL" : std::string{};
        const auto lines = as_lines(*answer);
        return lines == *wanted_output ? std::string{} : "returned\n" + lines + "\nnot\n" + *wanted_output;
    }

    apply_options of_run() const {
        apply_options o;
        return o.allow_dirty();
    }

    std::string migrate_to(const std::string& version) {
        auto o = of_run();
        if (version != "latest") o.to_version(version);
        for (int roles = 0; roles < 50; ++roles) {
            const auto done = run_apply(*dir_, place_->config(), o);
            if (!done.problem) return {};
            if (!place_->is_on_own_server() || !schema::make_missing_role(db_, done.problem))
                return done.problem.message();
        }
        return "too many roles are missing";
    }

    std::string back_to(const std::string& version) {
        down_options o;
        o.to_version(version).allow_data_loss().dev(options_->dev()).run(of_run());
        const auto done = run_down(*dir_, place_->config(), o);
        return done.problem ? done.problem.message() : std::string{};
    }

    const directory* dir_;
    const trial_options* options_;
    schema::scratch_database* place_;
    trial* report_;
    blocking::connection db_;
    std::optional<std::string> error_;
    std::optional<std::string> output_;
};

result<std::vector<trial_file>> read_files(const std::vector<fs::path>& paths) {
    using files = std::vector<trial_file>;
    files out;
    for (const auto& path : paths) {
        auto content = read_whole(path);
        if (!content) return failed<files>(content.error());
        out.push_back({path.string(), std::move(*content), {}});
        if (auto f = trial_reader{out.back()}.read()) return failed<files>(std::move(f));
    }
    return out;
}

trial run_case(const directory& dir, const trial_file& file, const trial_case& one, const trial_options& o,
               schema::state_reader& reader) {
    trial out;
    out.file = file.name;
    out.name = one.name;
    const auto begin = std::chrono::steady_clock::now();
    auto place = reader.scratch().create();
    trial_run{dir, o, place, out}.run(file, one);
    out.took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    return out;
}

} // namespace

result<std::vector<trial>> run_trials(const directory& dir, const std::vector<fs::path>& files,
                                      const trial_options& o) {
    using trials = std::vector<trial>;
    if (auto f = dir.validate()) return failed<trials>(std::move(f));
    const auto all = read_files(files);
    if (!all) return failed<trials>(all.error());
    std::regex wanted;
    try {
        wanted = std::regex{o.only()};
    } catch (const std::regex_error& e) {
        return failed<trials>(refused("`" + o.only() + "` is no regular expression: " + e.what()));
    }
    return detail::caught([&]() -> result<trials> {
        schema::state_reader reader{o.dev().dev_url()};
        trials out;
        for (const auto& file : *all)
            for (const auto& one : file.cases)
                if (std::regex_search(one.name, wanted)) out.push_back(run_case(dir, file, one, o, reader));
        return out;
    });
}

} // namespace tusk::migrate
