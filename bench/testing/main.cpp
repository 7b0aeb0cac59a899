// tusk-bench-testing: databases per test by Tusk, by pgtestdb's way (a template, the server's default
// strategy) and by sqlx's (migrations for each test); servers; many tests; parallel processes. Medians in
// milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <tusk/embedded/server.hpp>
#include <tusk/embedded/shared_server.hpp>
#include <tusk/testing/database.hpp>

#include "schema.hpp"

namespace {

namespace testing = tusk::testing;
namespace blocking = tusk::blocking;
using bench_testing::schema_of;
using clock_type = std::chrono::steady_clock;

constexpr int tables = 50;
constexpr int rounds = 31;
constexpr int processes = 4;
constexpr int rounds_each = 12;
constexpr int many = 500;
constexpr int cores = 2;

double milliseconds_since(clock_type::time_point begin) {
    return std::chrono::duration<double, std::milli>(clock_type::now() - begin).count();
}

double timed(const std::function<void()>& work) {
    const auto begin = clock_type::now();
    work();
    return milliseconds_since(begin);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void report(std::string_view what, const std::vector<double>& values) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    fmt::print("{:<58} {:>8.1f} {:>8.1f} {:>8.1f}\n", what, median(values), *least, *most);
    std::fflush(stdout);
}

testing::database_options fifty_tables(unsigned prefetched) {
    return testing::database_options{}.script(schema_of(tables)).prefetch(prefetched);
}

/// The database is there; the test that has it takes a moment, in which the next ones are made.
std::vector<double> tusk_databases(unsigned prefetched) {
    const auto o = fifty_tables(prefetched);
    testing::database::create(o);
    std::vector<double> out;
    for (int i = 0; i < rounds; ++i) {
        testing::settle();
        const auto begin = clock_type::now();
        const auto made = testing::database::create(o);
        out.push_back(milliseconds_since(begin));
    }
    testing::settle();
    return out;
}

/// `create database … template …` as pgtestdb does it, by the strategy that the server takes by itself.
std::vector<double> by_template(blocking::connection& admin) {
    admin.script("drop database if exists peer_template");
    admin.script("create database peer_template");
    blocking::connection::open(testing::test_server::shared().url_for("peer_template"))
        .script(schema_of(tables));
    std::vector<double> out;
    for (int i = 0; i < rounds; ++i) {
        out.push_back(timed([&] { admin.script("create database peer template peer_template"); }));
        admin.script("drop database peer");
    }
    admin.script("drop database peer_template");
    return out;
}

/// A new database and all migrations for each test, as sqlx::test does it.
std::vector<double> by_migrations(blocking::connection& admin) {
    const auto sql = schema_of(tables);
    std::vector<double> out;
    for (int i = 0; i < rounds / 3; ++i) {
        out.push_back(timed([&] {
            admin.script("create database peer");
            blocking::connection::open(testing::test_server::shared().url_for("peer")).script(sql);
        }));
        admin.script("drop database peer with (force)");
    }
    return out;
}

std::vector<double> servers() {
    std::vector<double> out;
    for (int i = 0; i < 9; ++i)
        out.push_back(timed([] { static_cast<void>(tusk::embedded::server::start().value()); }));
    return out;
}

std::vector<double> started_servers() {
    std::vector<double> out;
    for (int i = 0; i < 9; ++i) {
        const auto begin = clock_type::now();
        const auto server = tusk::embedded::server::start().value();
        out.push_back(milliseconds_since(begin));
    }
    return out;
}

std::vector<double> joined_servers() {
    std::vector<double> out;
    for (int i = 0; i < rounds; ++i)
        out.push_back(timed([] {
            tusk::embedded::server_options o;
            o.name("bench");
            static_cast<void>(tusk::embedded::shared_server::join(o).value());
        }));
    out.erase(out.begin()); // it started the server
    return out;
}

/// One test: a database, a connection, an insert.
void one_test(const testing::database_options& o) {
    const auto d = testing::database::create(o);
    auto db = d.connect();
    db.exec("insert into users values (1, 'a')");
}

testing::database_options small_schema() {
    return testing::database_options{}.script("create table users (id int primary key, name text)");
}

/// This program again, with an argument; several at the same time. Answers the wall time of all.
double in_parallel(int count, const std::vector<std::string>& arguments) {
    const auto begin = clock_type::now();
    std::vector<pid_t> children;
    for (int i = 0; i < count; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            std::vector<char*> line;
            for (const auto& word : arguments) line.push_back(const_cast<char*>(word.c_str()));
            line.push_back(nullptr);
            ::execv("/proc/self/exe", line.data());
            ::_exit(127);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) ::waitpid(child, nullptr, 0);
    return milliseconds_since(begin);
}

/// What a process among others does: makes databases and says how long each took.
int worker(unsigned prefetched) {
    const auto o = fifty_tables(prefetched);
    for (int i = 0; i < rounds_each; ++i) {
        const auto begin = clock_type::now();
        const auto made = testing::database::create(o);
        std::printf("%.3f\n", milliseconds_since(begin));
    }
    return 0;
}

int tests(int count) {
    const auto o = small_schema();
    for (int i = 0; i < count; ++i) one_test(o);
    return 0;
}

/// Four processes at once: how long each waited for a database, and (last) the time of all by the number of
/// databases.
std::vector<double> parallel_databases(const char* prefetched) {
    testing::database::create(fifty_tables(0)); // the template is there
    std::vector<double> out;
    const std::string self = "/proc/" + std::to_string(::getpid()) + "/exe";
    std::string command;
    for (int i = 0; i < processes; ++i) command += self + " --worker " + prefetched + " & ";
    const auto begin = clock_type::now();
    std::FILE* pipe = ::popen((command + "wait").c_str(), "r");
    if (pipe == nullptr) std::exit(1);
    double value = 0;
    while (std::fscanf(pipe, "%lf", &value) == 1) out.push_back(value);
    ::pclose(pipe);
    out.push_back(milliseconds_since(begin) / static_cast<double>(out.size()));
    return out;
}

int compare() {
    auto& server = testing::test_server::shared();
    auto admin = blocking::connection::open(server.url());
    fmt::print("PostgreSQL {}, {} tables, {}\n", admin.one<std::string>("show server_version"), tables,
               server.is_embedded() ? "embedded" : "given");
    fmt::print("{:<58} {:>8} {:>8} {:>8}\n", "milliseconds", "median", "least", "most");
    report("a database: Tusk", tusk_databases(0));
    report("a database: Tusk, prefetched", tusk_databases(2));
    report("a database: template, default strategy (pgtestdb)", by_template(admin));
    report("a database: migrations for each (sqlx::test)", by_migrations(admin));
    auto parallel = parallel_databases("0");
    report("a database: Tusk, 4 processes at once, time by number", {parallel.back()});
    parallel.pop_back();
    report("a database: Tusk, 4 processes at once, waiting", parallel);
    report("a server: start to ready", started_servers());
    report("a server: start, ready, stop", servers());
    report("a shared server: join", joined_servers());
    testing::settle();
    report(fmt::format("{} tests of one insert, one process", many), {timed([] { tests(many); })});
    report(fmt::format("{} tests of one insert, {} processes", many, cores),
           {in_parallel(cores, {"tusk-bench-testing", "--tests", std::to_string(many / cores)})});
    return 0;
}

} // namespace

int main(int count, char** arguments) {
    const std::string_view what = count > 1 ? arguments[1] : "";
    const int number = count > 2 ? std::atoi(arguments[2]) : 0;
    try {
        if (what == "--worker") return worker(static_cast<unsigned>(number));
        if (what == "--tests") return tests(number);
        if (what.empty()) return compare();
    } catch (const std::exception& e) {
        fmt::print(stderr, "error: {}\n", e.what());
        return 1;
    }
    fmt::print(stderr, "usage: tusk-bench-testing    (TUSK_TEST_SERVER chooses the server)\n");
    return 2;
}
