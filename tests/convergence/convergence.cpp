// convergence PAIRS.json [--only TEXT] [--shard I/N] [--plans] [--rebuild]
//
// Takes pairs of schemas (an array of objects with `name`, `source`, `old_sql`, `new_sql` and `tier`) and
// goes from the old to the new one and back: plan, apply to a database with rows, compare with the target by
// pg_dump, plan again. Pairs of tier A and B have to arrive in both directions, of tier N to need nothing; C
// is left out. `--plans` prints the plans; `--rebuild` proves them on a database that is made anew from what
// was read of the old schema, as it is when that is a database at work, instead of on a copy.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <tusk/embedded/binaries.hpp>
#include <tusk/embedded/server.hpp>
#include <tusk/schema.hpp>

namespace {

namespace json = boost::json;
namespace ts = tusk::schema;

struct pair {
    std::string name;
    std::string source;
    std::string old_sql;
    std::string new_sql;
    std::string tier;
};

struct request {
    std::string file;
    std::string only;
    std::size_t shard = 0;
    std::size_t shards = 1;
    bool plans = false;
    bool rebuild = false;
};

std::string text_of(const json::object& from, const char* key) {
    const auto* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? json::value_to<std::string>(*value) : std::string{};
}

std::vector<pair> pairs_of(const std::string& file) {
    std::ifstream in{file};
    std::ostringstream text;
    text << in.rdbuf();
    std::vector<pair> out;
    const auto all = json::parse(text.str());
    for (const auto& each : all.as_array()) {
        const auto& o = each.as_object();
        pair p{text_of(o, "name"), text_of(o, "source"), text_of(o, "old_sql"), text_of(o, "new_sql"),
               text_of(o, "tier")};
        out.push_back(std::move(p));
    }
    return out;
}

/// pg_dump of a database, without what is of the dump itself, the columns of each table sorted.
std::string fingerprint(const std::string& pg_dump, const std::string& url) {
    const auto line = pg_dump + " -s -d '" + url + "' 2>&1";
    std::string text;
    FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) return "cannot run pg_dump";
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        text.append(buffer.data(), n);
    ::pclose(pipe);
    std::istringstream in{text};
    std::vector<std::string> out;
    std::vector<std::string> columns;
    bool in_table = false;
    for (std::string each; std::getline(in, each);) {
        if (each.rfind("\\restrict", 0) == 0 || each.rfind("\\unrestrict", 0) == 0 ||
            each.rfind("--", 0) == 0)
            continue;
        if (in_table && each.rfind("    ", 0) != 0) {
            std::sort(columns.begin(), columns.end());
            out.insert(out.end(), columns.begin(), columns.end());
            columns.clear();
            in_table = false;
        }
        if (in_table) {
            if (!each.empty() && each.back() == ',') each.pop_back();
            columns.push_back(each);
            continue;
        }
        if (each.rfind("CREATE TABLE", 0) == 0 || each.rfind("CREATE UNLOGGED TABLE", 0) == 0)
            in_table = true;
        if (!each.empty()) out.push_back(each);
    }
    std::string all;
    for (const auto& each : out) all += each + "\n";
    return all;
}

std::string first_difference(const std::string& got, const std::string& wanted) {
    std::istringstream a{got};
    std::istringstream b{wanted};
    std::vector<std::string> left;
    std::vector<std::string> right;
    for (std::string each; std::getline(a, each);) left.push_back(each);
    for (std::string each; std::getline(b, each);) right.push_back(each);
    std::string out;
    for (const auto& each : right)
        if (std::find(left.begin(), left.end(), each) == left.end()) out += "      wanted: " + each + "\n";
    for (const auto& each : left)
        if (std::find(right.begin(), right.end(), each) == right.end()) out += "      got:    " + each + "\n";
    return out.empty() ? "      (the order differs)\n" : out.substr(0, 1500);
}

class runner {
public:
    explicit runner(const request& wanted)
        : wanted_{wanted}, server_{tusk::embedded::server::start().value()}, reader_{server_.url()},
          pg_dump_{(server_.binaries().bin_dir / "pg_dump").string()} {
        // Roles that scripts speak of.
        auto db = tusk::blocking::connection::open(server_.url());
        for (const auto* role : {"app_user", "role_1", "psqldef_user", "readonly_user", "\"evil\"\"role\""})
            static_cast<void>(db.try_script("create role " + std::string{role}));
    }

    bool run() {
        std::size_t at = 0;
        for (const auto& p : pairs_of(wanted_.file)) {
            if (p.tier == "C" || at++ % wanted_.shards != wanted_.shard) continue;
            if (!wanted_.only.empty() && (p.source + " " + p.name).find(wanted_.only) == std::string::npos)
                continue;
            if (p.tier == "N") {
                count(p, "nothing to do", nothing_to_do(p));
            } else {
                both_ways(p);
            }
        }
        std::cout << "\n";
        for (const auto& [tier, c] : counts_)
            std::cout << "tier " << tier << ": " << c.good << " of " << c.all << "\n";
        return failures_ == 0;
    }

private:
    struct counter {
        std::size_t good = 0;
        std::size_t all = 0;
    };

    void count(const pair& p, const std::string& direction, const std::string& why) {
        auto& c = counts_[p.tier];
        ++c.all;
        if (why.empty()) {
            ++c.good;
            return;
        }
        ++failures_;
        std::cout << "FAILED " << p.tier << " " << p.source.substr(p.source.rfind('/') + 1) << ": " << p.name
                  << " (" << direction << ")\n    " << why << std::endl;
    }

    std::string nothing_to_do(const pair& p) {
        try {
            const auto from = reader_.read_sql(p.old_sql);
            const auto to = reader_.read_sql(p.new_sql);
            const auto t = ts::plan_transition(from, to, reader_);
            return t.steps.empty() ? "" : "the plan is not empty:\n" + t.steps.sql();
        } catch (const std::exception& e) {
            return e.what();
        }
    }

    void both_ways(const pair& p) {
        try {
            const auto old_state = reader_.read_sql(p.old_sql);
            const auto new_state = reader_.read_sql(p.new_sql);
            count(p, "forward", way(old_state, new_state));
            count(p, "back", way(new_state, old_state));
        } catch (const std::exception& e) {
            count(p, "loading", e.what());
        }
    }

    std::string way(const ts::state& from, const ts::state& to) {
        ts::transition t;
        try {
            auto start = from;
            if (wanted_.rebuild) start.loaded_in.reset();
            t = ts::plan_transition(start, to, reader_);
            if (wanted_.plans) std::cout << t.steps.sql() << std::endl;
            if (!t.proved.holds) {
                std::string why = "not proved: " + t.proved.why;
                for (const auto& id : t.proved.remaining) why += "\n      " + id;
                return why + "\n" + t.steps.sql();
            }
            if (wanted_.plans && !t.proved.why.empty()) std::cout << "-- " << t.proved.why << std::endl;
            const auto place = reader_.scratch().create(from.loaded_in->name());
            {
                auto db = place.connect();
                const auto done = ts::execute(db, t.steps);
                if (done.why) return done.why.message() + "\n" + t.steps.sql();
            }
            const auto got = fingerprint(pg_dump_, url_of(place.name()));
            const auto target = fingerprint(pg_dump_, url_of(to.loaded_in->name()));
            if (got != target) return "pg_dump differs:\n" + first_difference(got, target) + t.steps.sql();
        } catch (const std::exception& e) {
            return std::string{e.what()} + "\n" + t.steps.sql();
        }
        return {};
    }

    std::string url_of(const std::string& database) const {
        auto url = server_.url();
        const auto query = url.find('?');
        const auto slash = url.rfind('/', query);
        return url.substr(0, slash + 1) + database + (query == std::string::npos ? "" : url.substr(query));
    }

    const request& wanted_;
    tusk::embedded::server server_;
    ts::state_reader reader_;
    std::string pg_dump_;
    std::map<std::string, counter> counts_;
    std::size_t failures_ = 0;
};

request read(int argc, char** argv) {
    request out;
    for (int i = 1; i < argc; ++i) {
        const std::string each = argv[i];
        if (each == "--only" && i + 1 < argc)
            out.only = argv[++i];
        else if (each == "--plans")
            out.plans = true;
        else if (each == "--rebuild")
            out.rebuild = true;
        else if (each == "--shard" && i + 1 < argc) {
            const std::string shard = argv[++i];
            out.shard = std::stoul(shard);
            out.shards = std::stoul(shard.substr(shard.find('/') + 1));
        } else
            out.file = each;
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const auto wanted = read(argc, argv);
    if (wanted.file.empty()) {
        std::cerr << "usage: convergence PAIRS.json [--only TEXT] [--shard I/N] [--plans] [--rebuild]\n";
        return 2;
    }
    try {
        return runner{wanted}.run() ? 0 : 1;
    } catch (const std::exception& e) {
        std::cerr << "error: " << e.what() << "\n";
        return 2;
    }
}
