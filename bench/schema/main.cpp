// tusk-bench-schema [--tables N] [--files N] [--tusk PROGRAM]
//
// What inspection, comparison, planning and migrations cost, on a server of its own with fsync off: time on
// the clock, and the processor time of the client, which is what a busy machine leaves comparable.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include <tusk/embedded/server.hpp>
#include <tusk/migrate.hpp>
#include <tusk/schema.hpp>
#include <tusk/schema/difference.hpp>

namespace {

namespace fs = std::filesystem;
namespace ts = tusk::schema;

struct cost {
    double wall = 0; ///< Seconds.
    double cpu = 0;  ///< Seconds of this process, or of its children.
};

double processor_seconds(int whose) {
    rusage used{};
    ::getrusage(whose, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

cost measure(const std::function<void()>& work, int whose = RUSAGE_SELF) {
    const auto cpu = processor_seconds(whose);
    const auto begin = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
    return {wall.count(), processor_seconds(whose) - cpu};
}

/// The note is made when the work is done.
void print(const std::string& what, const cost& c, const std::function<std::string()>& note = {}) {
    std::printf("%-44s %9.1f ms %9.1f ms client CPU  %s\n", what.c_str(), c.wall * 1e3, c.cpu * 1e3,
                note ? note().c_str() : "");
    std::fflush(stdout);
}

/// Ten columns, three indexes and two foreign keys.
std::string table_sql(int i, bool changed) {
    const auto name = "t" + std::to_string(i);
    const auto other = [&](int step) { return "t" + std::to_string(i > step ? i - step : 0); };
    return "create table " + name + " (id bigint primary key, a integer not null, b text, c " +
           (changed ? "bigint" : "integer") +
           " default 0, d timestamptz default now(), e numeric(10, 2), f boolean, g jsonb, x bigint "
           "references " +
           other(1) + ", y bigint references " + other(2) + ");\ncreate index on " + name +
           " (a);\ncreate index on " + name + " (x);\ncreate index on " + name + " (y" +
           (changed ? ", a" : "") + ");\n";
}

void make_tables(tusk::blocking::connection& db, int tables, bool changed) {
    std::string sql = "begin;";
    for (int i = 0; i < tables; ++i) {
        sql += table_sql(i, changed && i % 10 == 0);
        if (i % 100 == 99) {
            db.script(sql + "commit;");
            sql = "begin;";
        }
    }
    db.script(sql + "commit; analyze");
}

void measure_schema(ts::scratch_server& server, int tables) {
    const auto old_place = server.create();
    const auto new_place = server.create();
    auto before = old_place.connect();
    auto after = new_place.connect();
    make_tables(before, tables, false);
    make_tables(after, tables, true);
    ts::model from;
    ts::model to;
    const auto of = std::to_string(tables) + " tables";
    print("inspect " + of + ", first", measure([&] { from = ts::inspect(before); }),
          [&] { return std::to_string(from.objects().size()) + " objects"; });
    print("inspect " + of + ", again", measure([&] { from = ts::inspect(before); }));
    to = ts::inspect(after);
    std::size_t changes = 0;
    print("diff of two such", measure([&] { changes = ts::difference{from, to}.changes().size(); }),
          [&] { return std::to_string(changes) + " changes"; });
    std::size_t statements = 0;
    print("plan between two such", measure([&] { statements = ts::make_plan(from, to).statements().size(); }),
          [&] { return std::to_string(statements) + " statements"; });
    print("plan from nothing", measure([&] {
              statements = ts::make_plan(ts::model{{}, to.server_version()}, to).statements().size();
          }),
          [&] { return std::to_string(statements) + " statements"; });
}

std::string url_of(const std::string& server, const std::string& database) {
    const auto query = server.find('?');
    const auto slash = server.rfind('/', query);
    return server.substr(0, slash + 1) + database + (query == std::string::npos ? "" : server.substr(query));
}

void measure_files(ts::scratch_server& server, const std::string& server_url, int files,
                   const std::string& program) {
    const auto folder = fs::temp_directory_path() / ("tusk-bench-" + std::to_string(::getpid()));
    fs::create_directories(folder);
    for (int i = 0; i < files; ++i) {
        auto name = std::to_string(100000 + i);
        std::ofstream{folder / (name + "_step.sql")} << "create table step_" << i << " (id bigint);\n";
    }
    const auto place = server.create();
    tusk::throw_if(tusk::migrate::directory::open(folder.string()).value().write_sum());
    const tusk::blocking::migrator all{tusk::migrate::directory::open(folder.string()).value(),
                                       place.config()};
    const auto spent = measure([&] { static_cast<void>(all.apply()); });
    print("apply " + std::to_string(files) + " files of one statement", spent,
          [&] { return std::to_string(static_cast<int>(files / spent.wall)) + " files/s"; });
    print("apply with nothing to do, by the library", measure([&] { static_cast<void>(all.apply()); }));
    if (!program.empty()) {
        const auto url = url_of(server_url, place.name());
        const auto line =
            program + " migrate apply --url '" + url + "' --dir file://" + folder.string() + " > /dev/null";
        print("tusk migrate apply with nothing to do",
              measure([&] { static_cast<void>(std::system(line.c_str())); }, RUSAGE_CHILDREN));
    }
    fs::remove_all(folder);
}

} // namespace

int main(int argc, char** argv) {
    int tables = 1000;
    int files = 1000;
    std::string program;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--tables") tables = std::atoi(argv[i + 1]);
        if (option == "--files") files = std::atoi(argv[i + 1]);
        if (option == "--tusk") program = argv[i + 1];
    }
    try {
        const auto own = tusk::embedded::server::start().value();
        ts::scratch_server server{own.url()};
        for (const auto part : {4, 2, 1}) measure_schema(server, tables / part);
        measure_files(server, own.url(), files, program);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "error: %s\n", e.what());
        return 1;
    }
    return 0;
}
