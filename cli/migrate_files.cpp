#include <cli/migrate_parts.hpp>

#include <cstdlib>
#include <memory>

#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <boost/json/array.hpp>

#include <cli/migrate_settings.hpp>
#include <tusk/migrate/changes.hpp>
#include <tusk/migrate/import.hpp>

namespace tusk::cli {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

/// What the options of the commands on files say.
struct file_request {
    explicit file_request(command_tree& t) : tree{&t}, settings{t} {}

    command_tree* tree;
    migrate_settings settings;
    std::vector<std::string> arguments;
    std::string from;
    std::string to_dir;
    bool edit = false;

    output& to() const { return tree->to(); }
    std::string argument() const { return arguments.empty() ? std::string{} : arguments.front(); }
};

using request_ptr = std::shared_ptr<file_request>;

template <class T>
T value_of(result<T> r) {
    if (!r) throw_problem(failure{r.error()});
    return std::move(*r);
}

} // namespace

void open_editor(const fs::path& file, const environment& variables) {
    const auto editor = variables.variable("VISUAL").value_or(variables.variable("EDITOR").value_or("vi"));
    // A shell, because $EDITOR may hold options; the file is an argument of it, not part of its text.
    const pid_t child = ::fork();
    if (child == 0) {
        const auto line = editor + " \"$0\"";
        ::execl("/bin/sh", "sh", "-c", line.c_str(), file.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
        throw problem{failure{errc::environment, "the editor `" + editor + "` did not end well"},
                      "set $EDITOR to an editor"};
}

namespace {

exit_code answer_files(const file_request& r, const char* schema, const char* verb,
                       const std::vector<std::string>& files) {
    if (r.to().is_json())
        r.to().object({{"schema", schema}, {"files", json::array(files.begin(), files.end())}});
    else
        for (const auto& each : files) r.to().line(verb[0] == '\0' ? each : std::string{verb} + " " + each);
    return exit_code::ok;
}

exit_code make_new(file_request& r) {
    r.settings.load();
    const auto made = value_of(migrate::new_file(r.settings.dir(), r.argument()));
    if (r.edit) {
        open_editor(made, r.tree->variables());
        throw_problem(open_directory(r.settings.dir()).write_sum());
    }
    return answer_files(r, "tusk.migrate.new/1", "", {made.string()});
}

exit_code edit(file_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    throw_problem(dir.validate());
    for (const auto& each : dir.files()) {
        if (each.version() != r.argument() && each.name() != r.argument()) continue;
        open_editor(dir.path() / each.name(), r.tree->variables());
        throw_problem(open_directory(r.settings.dir()).write_sum());
        return answer_files(r, "tusk.migrate.edit/1", "edited", {each.name()});
    }
    throw usage_problem("there is no file " + r.argument(), "give a version or a name");
}

exit_code hash(file_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    throw_problem(dir.write_sum());
    return answer_files(r, "tusk.migrate.hash/1", "wrote",
                        {(dir.path() / migrate::sum_file::file_name).string()});
}

/// The sum, and that every file can be split.
exit_code validate(file_request& r) {
    r.settings.load();
    const auto dir = open_directory(r.settings.dir());
    throw_problem(dir.validate());
    for (const auto& each : dir.files()) {
        value_of(each.statements());
        value_of(each.checks());
        if (const auto down = dir.down_of(each)) value_of(*down);
    }
    if (r.to().is_json())
        r.to().object({{"schema", "tusk.migrate.validate/1"}, {"files", dir.files().size()}});
    else
        r.to().line(std::to_string(dir.files().size()) + " files, all as the sum says");
    return exit_code::ok;
}

exit_code remove(file_request& r) {
    r.settings.load();
    return answer_files(r, "tusk.migrate.rm/1", "removed",
                        {value_of(migrate::remove_file(r.settings.dir(), r.argument()))});
}

exit_code rebase(file_request& r) {
    r.settings.load();
    return answer_files(r, "tusk.migrate.rebase/1", "now",
                        value_of(migrate::rebase_files(r.settings.dir(), r.arguments)));
}

exit_code import(file_request& r) {
    r.settings.load();
    const auto done =
        value_of(migrate::import_directory(r.from, r.to_dir.empty() ? r.settings.dir() : r.to_dir));
    for (const auto& each : done.notes) r.to().note(each);
    return answer_files(r, "tusk.migrate.import/1", "imported", done.files);
}

CLI::App& add(command_tree& tree, CLI::App& family, const char* name, const char* text, const request_ptr& r,
              exit_code (*body)(file_request&)) {
    auto& c = tree.add_command(family, name, text, [r, body] { return body(*r); });
    r->settings.add_common(c);
    return c;
}

} // namespace

void add_migrate_file_commands(command_tree& tree, CLI::App& family) {
    const auto request = [&tree] { return std::make_shared<file_request>(tree); };
    auto r = request();
    auto* c = &add(tree, family, "new", "Make an empty migration and print its path", r, make_new);
    c->add_option("name", r->arguments, "What it does, in a word")->option_text("NAME")->expected(0, 1);
    c->add_flag("--edit", r->edit, "Open it in $EDITOR");

    add(tree, family, "hash", "Write the sum file anew", request(), hash);
    add(tree, family, "validate", "Check the sum file, and that every file can be read", request(), validate);

    r = request();
    c = &add(tree, family, "edit", "Open a migration in $EDITOR and write the sum file anew", r, edit);
    c->add_option("file", r->arguments, "A version or a name")->option_text("FILE")->required()->expected(1);

    r = request();
    c = &add(tree, family, "rm", "Remove a migration", r, remove);
    c->add_option("version", r->arguments, "Its version; the last one when not given")
        ->option_text("VERSION")
        ->expected(0, 1);

    r = request();
    c = &add(tree, family, "rebase", "Give migrations new versions behind all others", r, rebase);
    c->add_option("files", r->arguments, "Versions or names")->option_text("FILE...")->required();

    r = request();
    c = &add(tree, family, "import", "Take over the migrations of another tool", r, import);
    c->add_option("--from", r->from, "file://DIR?format=atlas|golang-migrate|goose|flyway|dbmate|liquibase")
        ->option_text("URL")
        ->required();
    c->add_option("--to", r->to_dir, "The new directory; that of --dir when not given")
        ->option_text("file://DIR");
}

} // namespace tusk::cli
