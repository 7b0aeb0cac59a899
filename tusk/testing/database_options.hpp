#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tusk/client/blocking.hpp>

namespace tusk::testing {

/// What a test's database is to hold. Steps run in the order of the calls, once for each content: the result
/// is kept as a template, and every test gets a clone of it. Whatever changes (a migration, a seed, the
/// version of the server or of Tusk) makes another template.
class database_options {
public:
    /// One thing that is done to a template in the making.
    struct step {
        std::string name;                            ///< For errors.
        std::function<std::string()> content;        ///< What the template depends on.
        std::function<void(const std::string&)> run; ///< Takes the URL of the database.
    };

    /// SQL that makes the schema, or rows.
    database_options& script(std::string sql);
    /// The same from a file. Read when a database is made; what cannot be read is `errc::environment` then.
    database_options& script_file(std::filesystem::path file);
    /// All `*.sql` of a folder, in the order of their names.
    database_options& script_folder(std::filesystem::path folder);
    /// A migration directory (docs/migrate.md; a path or `file://…`), applied as `tusk migrate apply` does.
    database_options& migrations(std::string directory);
    /// A program that migrates or seeds, with the URL in its `DATABASE_URL`: `command({"npx", "prisma",
    /// "migrate", "deploy"}, {"prisma"})`. `depends_on` are the files and folders whose content makes the
    /// template.
    database_options& command(std::vector<std::string> line, std::vector<std::filesystem::path> depends_on);
    /// Anything else. `content` has to change whenever what `run` does changes.
    database_options& prepare(std::string content, std::function<void(blocking::connection&)> run);
    /// A step made elsewhere (see fixtures.hpp).
    database_options& add(step s) {
        steps_.push_back(std::move(s));
        return *this;
    }
    /// The test's database belongs to this role, and `url()` connects as it: a login without special rights,
    /// made when there is none. The steps run as it, too.
    database_options& role(std::string name, std::string password = {}) {
        role_ = std::move(name);
        password_ = std::move(password);
        return *this;
    }
    /// Clones of this database instead of steps: the template of a run (`TUSK_TEST_TEMPLATE`), or one that
    /// somebody else made. Nobody may be connected to it while it is cloned.
    database_options& from_template(std::string database) {
        template_ = std::move(database);
        return *this;
    }
    /// So many clones are kept ready by a thread in the background, so that a test does not wait for its
    /// database. Default: none for the first database of a template, then 2.
    database_options& prefetch(unsigned clones) {
        prefetch_ = clones;
        return *this;
    }

    const std::vector<step>& steps() const noexcept { return steps_; }
    const std::string& role() const noexcept { return role_; }
    const std::string& password() const noexcept { return password_; }
    const std::string& template_name() const noexcept { return template_; }
    const std::optional<unsigned>& prefetch() const noexcept { return prefetch_; }

private:
    std::vector<step> steps_;
    std::string role_;
    std::string password_;
    std::string template_;
    std::optional<unsigned> prefetch_;
};

} // namespace tusk::testing
