// `tusk test run` and `tusk proxy` as users of any language run them.
#include <csignal>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <tusk/client/blocking.hpp>
#include <tusk/embedded/binaries.hpp>
#include <tusk/testing/database.hpp>
#include <tusk/testing/detail/administrator.hpp>

#include "support.hpp"

namespace other_languages_test {

using namespace testing_support;
namespace blocking = tusk::blocking;

const std::string program = TUSK_PROGRAM;

std::string found(const std::string& name) {
    const auto done = shell("command -v " + name);
    return done.status == 0 ? done.text.substr(0, done.text.find('\n')) : "";
}

/// psql of the server's programs comes first.
class other_languages : public ::testing::Test {
protected:
    other_languages()
        : path_{"PATH", tusk::embedded::find_binaries().value().bin_dir.string() + ":" + before()} {}
    void needs(const std::string& name, const std::string& package) {
        if (found(name).empty())
            GTEST_SKIP() << "there is no " << name << " (`apt-get install " << package << "`)";
    }
    static std::string before() {
        const char* path = std::getenv("PATH");
        return path == nullptr ? "/usr/bin:/bin" : path;
    }
    static shell_result run(const std::string& arguments) { return shell(program + " " + arguments); }

    temporary_directory dir_;
    scoped_variable path_;
    scoped_variable keep_{"TUSK_KEEP", "never"};
};

std::set<std::string> lines_with(const std::string& text, const std::string& begin) {
    std::set<std::string> out;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(begin)) out.insert(line.substr(begin.size()));
    return out;
}

TEST_F(other_languages, a_command_has_a_database_of_its_own_and_its_status_counts) {
    write(dir_ / "schema.sql", "create table t as select 7 as id");
    const auto seed = "test run --seed " + (dir_ / "schema.sql").string();
    const auto done = run(seed + " -- sh -c 'echo url=$DATABASE_URL; echo db=$PGDATABASE; exit 5'");
    EXPECT_EQ(done.status, 5) << done.text;
    const auto urls = lines_with(done.text, "url=");
    ASSERT_EQ(urls.size(), 1U) << done.text;
    EXPECT_TRUE(contains(*urls.begin(), *lines_with(done.text, "db=").begin()));
    EXPECT_EQ(run("test run -- sh -c 'kill -9 $$'").status, 137);
    const auto nothing = run("test run -- /no/such/program");
    EXPECT_EQ(nothing.status, 1);
    EXPECT_TRUE(contains(nothing.text, "cannot run `/no/such/program`: No such file")) << nothing.text;
    EXPECT_EQ(run("test run").status, 2);
}

TEST_F(other_languages, psql_and_its_like_need_no_url) {
    needs("psql", "postgresql-client");
    write(dir_ / "schema.sql", "create table t as select 7 as id");
    const auto done =
        run("test run --seed " + (dir_ / "schema.sql").string() + " -- psql -Atc 'select id * 6 from t'");
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_EQ(done.text, "42\n");
}

TEST_F(other_languages, each_worker_has_its_own) {
    const auto done = run("test run --workers 3 -- sh -c 'env | grep ^DATABASE_URL_ | cut -d= -f2-'");
    EXPECT_EQ(done.status, 0);
    EXPECT_EQ(lines_with(done.text, "postgres://").size(), 3U) << done.text;
}

TEST_F(other_languages, a_worker_asks_for_one_more_inside_of_a_run) {
    write(dir_ / "schema.sql", "create table t as select 7 as id");
    const auto done =
        run("test run --seed " + (dir_ / "schema.sql").string() +
            " -- sh -c 'echo url=$DATABASE_URL; "
            "echo url=$(" +
            program + " test url); " + program + " test run -- sh -c \"echo url=\\$DATABASE_URL\"'");
    EXPECT_EQ(done.status, 0) << done.text;
    const auto urls = lines_with(done.text, "url=");
    EXPECT_EQ(urls.size(), 3U) << done.text;
    const auto outside = run("test url");
    EXPECT_EQ(outside.status, 1);
    EXPECT_TRUE(contains(outside.text, "`tusk test run -- COMMAND`")) << outside.text;
}

TEST_F(other_languages, pytest_runs_with_it) {
    needs("pytest", "python3-pytest");
    needs("psql", "postgresql-client");
    write(dir_ / "test_users.py", "import os, subprocess\n\n"
                                  "def ask(sql):\n"
                                  "    line = ['psql', os.environ['DATABASE_URL'], '-Atc', sql]\n"
                                  "    return subprocess.check_output(line, text=True).strip()\n\n"
                                  "def test_insert():\n"
                                  "    assert ask('select count(*) from users') == '0'\n"
                                  "    ask(\"insert into users values (1)\")\n"
                                  "    assert ask('select count(*) from users') == '1'\n");
    write(dir_ / "schema.sql", "create table users (id int)");
    const auto line = "test run --seed " + (dir_ / "schema.sql").string() + " -- " + found("pytest") +
                      " -q -p no:cacheprovider " + (dir_ / "test_users.py").string();
    for (int i = 0; i < 2; ++i) { // the second run begins as the first one did
        const auto done = run(line);
        EXPECT_EQ(done.status, 0) << done.text;
        EXPECT_TRUE(contains(done.text, "1 passed")) << done.text;
    }
}

TEST_F(other_languages, go_test_runs_with_it_and_each_package_has_its_own) {
    needs("go", "golang-go");
    needs("psql", "postgresql-client");
    write(dir_ / "go.mod", "module example.test/users\n\ngo 1.18\n");
    for (const char* package : {"a", "b"}) {
        fs::create_directories(dir_ / package);
        write(dir_ / package / "users_test.go",
              std::string{"package "} + package +
                  "\n\nimport (\n\t\"os\"\n\t\"os/exec\"\n\t\"strings\"\n\t\"testing\"\n)\n\n"
                  "func TestInsert(t *testing.T) {\n"
                  "\tsql := \"insert into users values (1); select 'rows ' || count(*) from users\"\n"
                  "\tout, err := exec.Command(\"psql\", os.Getenv(\"DATABASE_URL\"), \"-Atqc\", "
                  "sql).CombinedOutput()\n"
                  "\tif err != nil || strings.TrimSpace(string(out)) != \"rows 1\" {\n"
                  "\t\tt.Fatal(string(out), err)\n\t}\n}\n");
    }
    write(dir_ / "schema.sql", "create table users (id int primary key)");
    const auto done =
        shell("cd " + dir_.path().string() + " && GOFLAGS=-mod=mod GOCACHE=" + (dir_ / "cache").string() +
              " GOPATH=" + (dir_ / "go").string() + " go test -count=1 -exec '" + program +
              " test run --seed " + (dir_ / "schema.sql").string() + " --' ./...");
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_TRUE(contains(done.text, "example.test/users/a") && contains(done.text, "example.test/users/b"))
        << done.text;
    shell("chmod -R u+w " + dir_.path().string());
}

TEST_F(other_languages, npm_test_runs_with_it) {
    needs("npm", "npm");
    needs("psql", "postgresql-client");
    write(dir_ / "package.json",
          R"({"name": "users", "version": "1.0.0", "scripts": {"test": "node users.test.js"}})");
    write(dir_ / "users.test.js", "const { execFileSync } = require('child_process');\n"
                                  "const ask = sql => execFileSync('psql', [process.env.DATABASE_URL, "
                                  "'-Atqc', sql]).toString().trim();\n"
                                  "ask('insert into users values (1)');\n"
                                  "require('assert').strictEqual(ask('select count(*) from users'), "
                                  "'1');\nconsole.log('well done');\n");
    write(dir_ / "schema.sql", "create table users (id int)");
    const auto done = shell("cd " + dir_.path().string() + " && HOME=" + dir_.path().string() + " " +
                            program + " test run --seed schema.sql -- npm test");
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_TRUE(contains(done.text, "well done")) << done.text;
}

TEST_F(other_languages, a_killed_runner_takes_its_command_along_and_the_next_run_is_clean) {
    const auto urls = dir_ / "url";
    const auto script =
        "echo $$ > " + (dir_ / "pid").string() + "; echo $PGDATABASE > " + urls.string() + "; exec sleep 300";
    write(dir_ / "command.sh", script);
    shell(program + " test run -- sh " + (dir_ / "command.sh").string() + " >/dev/null 2>&1 & echo $! > " +
          (dir_ / "runner").string());
    for (int i = 0; i < 1000 && contents(urls).empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    auto name = contents(urls);
    ASSERT_FALSE(name.empty());
    name.pop_back();
    const auto command = std::stoi(contents(dir_ / "pid"));
    ::kill(std::stoi(contents(dir_ / "runner")), SIGKILL);
    for (int i = 0; i < 1000 && ::kill(command, 0) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_NE(::kill(command, 0), 0) << "the command goes on without its runner";
    auto admin = blocking::connection::open(tusk::testing::test_server::shared().url());
    const auto there = [&] {
        return admin.one<bool>("select exists (select from pg_database where datname = $1)", name);
    };
    const auto patience = tusk::deadline::in(std::chrono::seconds{60});
    while (there() && !patience.expired()) run("test run -- sleep 0.1"); // cleans up while it runs
    EXPECT_FALSE(there());
}

TEST_F(other_languages, a_failed_run_keeps_its_database) {
    const auto done = run("test run --keep failed -- false");
    EXPECT_EQ(done.status, 1);
    const auto at = done.text.find("psql '");
    ASSERT_NE(at, std::string::npos) << done.text;
    const auto url = done.text.substr(at + 6, done.text.find('\'', at + 6) - at - 6);
    EXPECT_EQ(blocking::connection::open(url).one<int>("select 1"), 1);
}

TEST_F(other_languages, a_server_that_makes_no_sense_is_refused_with_the_choices) {
    const auto done = run("test run --server embeded -- true");
    EXPECT_EQ(done.status, 1);
    EXPECT_TRUE(contains(done.text, "TUSK_TEST_SERVER=embeded: there is no such server")) << done.text;
    EXPECT_TRUE(contains(done.text, "remedy: set it to embedded, embedded:17")) << done.text;
}

TEST_F(other_languages, docker_runs_the_server_where_there_is_docker) {
    const auto daemon = shell("docker info >/dev/null 2>&1");
    const auto done = run("test run --server docker:postgres:16-alpine -- true");
    if (daemon.status != 0) {
        EXPECT_EQ(done.status, 1);
        EXPECT_TRUE(contains(done.text, "remedy: ")) << done.text;
        GTEST_SKIP() << "there is no Docker daemon; what is said then was tested: " << done.text;
    }
    EXPECT_EQ(done.status, 0) << done.text;
}

// --- the proxy
// --------------------------------------------------------------------------------------------------------

class proxy_command : public other_languages {
protected:
    tusk::testing::database database_ = tusk::testing::database::create();
    std::string to_ = "proxy --to '" + database_.url() + "' ";
};

TEST_F(proxy_command, stands_between_any_client_and_its_server) {
    needs("psql", "postgresql-client");
    const auto done = run(to_ + "--fault 'latency 1ms' -- sh -c 'psql $DATABASE_URL -Atc \"select 6 * 7\"'");
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_EQ(done.text, "42\n");
}

TEST_F(proxy_command, faults_strike_where_they_were_set) {
    needs("psql", "postgresql-client");
    const auto psql = " -- sh -c 'psql $DATABASE_URL -Atc \"select 6 * 7\"'";
    const auto cut = run(to_ + "--fault 'to_client at_message C 1 reset'" + psql);
    EXPECT_NE(cut.status, 0);
    EXPECT_FALSE(contains(cut.text, "42")) << cut.text;
    const auto refused = run(to_ + "--fault 'arrivals refuse'" + psql);
    EXPECT_TRUE(contains(refused.text, "Connection refused")) << refused.text;
    const auto wrong = run(to_ + "--fault 'latency soon'" + psql);
    EXPECT_EQ(wrong.status, 2);
    EXPECT_TRUE(contains(wrong.text, "--fault 'latency soon': latency needs a time")) << wrong.text;
}

TEST_F(proxy_command, obeys_its_standard_input) {
    const auto done = shell("printf 'to_server latency 5ms\\nnonsense\\ncounts\\n' | timeout -s TERM 3 " +
                            program + " " + to_ + "| head -n 4");
    std::istringstream lines{done.text};
    std::string url, ok, error, counts;
    std::getline(lines, url), std::getline(lines, ok), std::getline(lines, error),
        std::getline(lines, counts);
    EXPECT_TRUE(url.starts_with("postgres://")) << done.text;
    EXPECT_EQ(ok, "ok");
    EXPECT_TRUE(error.starts_with("error: there is no command `nonsense`")) << error;
    EXPECT_TRUE(counts.starts_with("{\"connections\":0,")) << counts;
}

TEST_F(proxy_command, plays_a_server_from_a_script) {
    needs("psql", "postgresql-client");
    write(dir_ / "answer.script",
          "# one question\nlet_in\nexpect Q select 1\nsend row_description a:23 b:25\n"
          "send data_row 7 'two words'\nsend data_row 8 NULL\nsend command_complete SELECT 2\n"
          "send ready_for_query I\nwait_for_hang_up\n");
    const auto line = "proxy --script " + (dir_ / "answer.script").string();
    const auto done = run(line + " -- sh -c 'psql $DATABASE_URL -Atc \"select 1\"'");
    EXPECT_EQ(done.status, 0) << done.text;
    EXPECT_EQ(done.text, "7|two words\n8|\n");
    const auto other = run(line + " -- sh -c 'psql $DATABASE_URL -Atc \"select 2\"'");
    EXPECT_EQ(other.status, 3) << other.text;
    EXPECT_TRUE(contains(other.text, "the script did not come true")) << other.text;
    write(dir_ / "bad.script", "let_in\nexpekt Q\n");
    const auto bad = run("proxy --script " + (dir_ / "bad.script").string() + " -- true");
    EXPECT_EQ(bad.status, 2);
    EXPECT_TRUE(contains(bad.text, "bad.script:2: there is no step `expekt`")) << bad.text;
}

} // namespace other_languages_test
