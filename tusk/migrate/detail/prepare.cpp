#include <tusk/migrate/detail/prepare.hpp>

#include <algorithm>

namespace tusk::migrate::detail {

namespace {

failure refused(const migration_file& in, std::size_t offset, const std::string& why) {
    return failure{errc::invalid_argument,
                   in.place_of(offset) + ": " + why + "\n" + with_caret(in.content(), offset)};
}

result<tx_mode> mode_of(const migration_file& file, tx_mode of_the_run) {
    const auto own = file.mode();
    if (!own) return of_the_run;
    if (of_the_run == tx_mode::all)
        return failed<tx_mode>(
            refused(file, 0,
                    "the directive `txmode " + std::string{to_string(*own)} +
                        "` contradicts --tx-mode all, which is one transaction for all files"));
    return *own;
}

std::string why_not(const statement& s, tx_mode mode) {
    if (s.kind == statement_kind::transaction_control)
        return "a file must not control transactions itself; leave this statement out (`-- atlas:txmode "
               "none` at "
               "the top runs each statement on its own)";
    if (s.kind == statement_kind::copy_from_client)
        return "COPY FROM STDIN has no data here; write INSERTs, or COPY FROM a file of the server";
    if (s.kind == statement_kind::client_command)
        return "this is a command of psql, which the server does not know";
    if (s.runs_outside() && mode != tx_mode::none)
        return "this statement cannot run in a transaction; put it into a file of its own that begins with "
               "`-- atlas:txmode none` and an empty line";
    return {};
}

failure check_statements(const prepared_file& p) {
    for (const auto& each : p.statements)
        if (const auto why = why_not(each, p.mode); !why.empty()) return refused(*p.source, each.offset, why);
    return {};
}

failure resume(prepared_file& p, const revision& before) {
    p.first = static_cast<std::size_t>(std::max<std::int64_t>(before.applied, 0));
    const auto changed = first_changed_statement(before, p.hashes);
    if (changed < p.first) {
        const auto number = std::to_string(changed + 1);
        const auto& last = p.statements;
        return refused(*p.source, changed < last.size() ? last[changed].offset : p.source->content().size(),
                       "statement " + number +
                           " was applied already and is another one now; only statements "
                           "behind the " +
                           std::to_string(p.first) + " applied ones may be changed");
    }
    p.interrupted = before.error && before.error->starts_with(running_mark);
    p.row = before;
    return {};
}

} // namespace

result<prepared_file> prepare_up(const directory& dir, const migration_file& file, const revision* before,
                                 tx_mode of_the_run) {
    prepared_file p;
    p.file = p.source = &file;
    const auto mode = mode_of(file, of_the_run);
    if (!mode) return failed<prepared_file>(mode.error());
    p.mode = *mode;
    auto statements = file.statements();
    if (!statements) return failed<prepared_file>(statements.error());
    p.statements = std::move(*statements);
    auto checks = file.checks();
    if (!checks) return failed<prepared_file>(checks.error());
    p.checks = std::move(*checks);
    if (auto f = check_statements(p)) return failed<prepared_file>(std::move(f));
    p.hashes = statement_hashes(p.statements);
    if (before != nullptr)
        if (auto f = resume(p, *before)) return failed<prepared_file>(std::move(f));
    p.row.version = file.version();
    p.row.description = file.description();
    p.row.total = static_cast<std::int64_t>(p.statements.size());
    p.row.hash = dir.sum().hash_of(file.name());
    p.row.operator_version = "Tusk v" TUSK_VERSION;
    return p;
}

result<prepared_file> prepare_down(const directory& dir, const migration_file& file) {
    prepared_file p;
    p.file = &file;
    p.source = &dir.down_file_of(file);
    auto statements = dir.down_of(file);
    if (!statements)
        return failed<prepared_file>(
            failure{errc::invalid_argument, file.name() + " has no way back\nremedy: write down/" +
                                                file.name() + " and run `tusk migrate hash`"});
    if (!*statements) return failed<prepared_file>(statements->error());
    p.statements = std::move(**statements);
    const bool outside = std::any_of(p.statements.begin(), p.statements.end(),
                                     [](const statement& s) { return s.runs_outside(); });
    // Half of a way back would be a state that no row can tell.
    if (outside && p.statements.size() > 1)
        return failed<prepared_file>(refused(
            *p.source, p.statements.front().offset,
            "a way back is one transaction; a statement that cannot run in one has to be the only one"));
    p.mode = outside ? tx_mode::none : tx_mode::file;
    if (p.source != p.file) {
        auto checks = p.source->checks();
        if (!checks) return failed<prepared_file>(checks.error());
        p.checks = std::move(*checks);
    }
    if (auto f = check_statements(p)) return failed<prepared_file>(std::move(f));
    p.row.version = file.version();
    p.takes_back = {file.version()};
    return p;
}

planned_file plan_of(const prepared_file& p) {
    planned_file out;
    out.name = p.file->name();
    out.version = p.file->version();
    out.description = p.file->description();
    out.mode = p.mode;
    out.skipped = p.first;
    for (std::size_t i = p.first; i < p.statements.size(); ++i)
        out.statements.push_back(p.statements[i].text);
    return out;
}

failure located(const prepared_file& p, std::size_t index, failure f, stopped_at& at) {
    const auto& s = p.statements[index];
    auto offset = s.offset;
    if (const auto* server = f.server(); server != nullptr && server->position > 0)
        offset += offset_of_character(s.text, static_cast<std::size_t>(server->position) - 1);
    at.file = p.source->name();
    at.statement = index + 1;
    at.sql = s.text;
    at.where = position_of(p.source->content(), offset);
    at.excerpt = with_caret(p.source->content(), offset);
    f.set_sql(s.text);
    f.add_context(place(at.file, at.where));
    return f;
}

} // namespace tusk::migrate::detail
