// The same connection strings to libpq and to Tusk: same verdict, same values. The corpus is generated from a
// fixed seed. Deliberate differences, all of them in docs/connection-strings.md:
//   - keys that libpq does not know are accepted (server, pool and driver settings, keys of newer versions);
//   - values that libpq judges only when it needs them (sslsni, keepalives, ports of later hosts, …) are
//   judged at once;
//   - an empty PG… variable counts as unset.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <set>

#include <libpq-fe.h>
#include <unistd.h>

#include <tests/temporary_directory.hpp>
#include <tusk/net/conninfo.hpp>
#include <tusk/net/conninfo_settings.hpp>

namespace conninfo_differential_test {

using values = std::map<std::string, std::string>;
using options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

values values_of(const PQconninfoOption* option) {
    values out;
    for (; option->keyword != nullptr; ++option) {
        if (option->val != nullptr) out.emplace(option->keyword, option->val);
    }
    return out;
}

const std::set<std::string>& libpq_keys() {
    static const std::set<std::string> keys = [] {
        const options defaults{PQconndefaults(), PQconninfoFree};
        std::set<std::string> out;
        for (const PQconninfoOption* o = defaults.get(); o->keyword != nullptr; ++o) out.insert(o->keyword);
        return out;
    }();
    return keys;
}

/// Random choices, the same in every run.
class chooser {
public:
    explicit chooser(std::uint32_t seed) : engine_{seed} {}
    // Not std::uniform_int_distribution: its results differ between libraries.
    std::size_t below(std::size_t n) { return engine_() % n; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <class List>
    std::string_view of(const List& list) {
        return list[below(std::size(list))];
    }

private:
    std::mt19937 engine_;
};

constexpr std::string_view keys[] = {"host",
                                     "hostaddr",
                                     "port",
                                     "dbname",
                                     "user",
                                     "password",
                                     "sslmode",
                                     "options",
                                     "application_name",
                                     "connect_timeout",
                                     "sslrootcert",
                                     "requiressl",
                                     "passfile",
                                     "target_session_attrs",
                                     "keepalives",
                                     "replication",
                                     "service"};
constexpr std::string_view odd_keys[] = {
    "ssl", "search_path", "Host", "", "us er", "pool_max_conns", "%75ser", "us%65r", "=", "database"};
constexpr std::string_view pieces[] = {"a",
                                       "b1",
                                       "db.example.com",
                                       "/run/postgresql",
                                       "::1",
                                       "5432",
                                       "true",
                                       "1",
                                       "0",
                                       "%41",
                                       "%2F",
                                       "%2c",
                                       "%",
                                       "%4",
                                       "%zz",
                                       "%00",
                                       "\\",
                                       "\\'",
                                       "'",
                                       "''",
                                       " ",
                                       "\t",
                                       "=",
                                       ",",
                                       ":",
                                       "@",
                                       "/",
                                       "?",
                                       "&",
                                       "#",
                                       "+",
                                       "[",
                                       "]",
                                       "\xc3\xa9",
                                       "require",
                                       "\"",
                                       "%20",
                                       ""};

std::string random_text(chooser& choose, std::size_t most) {
    std::string out;
    for (std::size_t n = choose.below(most + 1); n > 0; --n) out += choose.of(pieces);
    return out;
}

std::string random_key(chooser& choose) {
    return std::string{choose.one_in(8) ? choose.of(odd_keys) : choose.of(keys)};
}

std::string quote_value(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + '\'';
}

std::string random_keywords(chooser& choose) {
    constexpr std::string_view blanks[] = {" ", "  ", "\n", "\t ", ""};
    std::string out{choose.of(blanks)};
    for (std::size_t n = choose.below(5); n > 0; --n) {
        out += random_key(choose);
        if (choose.one_in(6)) out += choose.of(blanks);
        out += choose.one_in(30) ? "" : "=";
        if (choose.one_in(6)) out += choose.of(blanks);
        const auto value = random_text(choose, 3);
        out += choose.one_in(2) ? quote_value(value) : value;
        out += choose.of(blanks);
    }
    return out;
}

std::string random_url(chooser& choose) {
    constexpr std::string_view schemes[] = {"postgres://", "postgresql://", "postgresql://", "Postgres://",
                                            "postgres:/"};
    constexpr std::string_view hosts[] = {
        "h", "[::1]", "[", "[]", "%2Ftmp", "", "db.example.com", "[fe80::1%25lo]", "127.0.0.1"};
    std::string out{choose.one_in(20) ? choose.of(schemes) : "postgres://"};
    if (choose.one_in(2)) {
        out += random_text(choose, 2);
        if (choose.one_in(2)) out += ':' + random_text(choose, 3);
        out += '@';
    }
    do {
        out += choose.of(hosts);
        if (choose.one_in(3)) out += ':' + random_text(choose, 1);
        if (!choose.one_in(3)) break;
        out += ',';
    } while (true);
    if (choose.one_in(2)) out += '/' + random_text(choose, 2);
    if (choose.one_in(2)) {
        out += '?';
        for (std::size_t n = choose.below(4); n > 0; --n)
            out += random_key(choose) + (choose.one_in(20) ? "" : "=") + random_text(choose, 2) +
                   (n > 1 ? "&" : "");
    }
    return out;
}

void mutate(chooser& choose, std::string& text) {
    for (std::size_t n = choose.below(3); n > 0; --n) {
        const auto at = choose.below(text.size() + 1);
        switch (choose.below(3)) {
        case 0: text.insert(at, choose.of(pieces)); break;
        case 1: text.erase(at, 1 + choose.below(3)); break;
        default: text.insert(at, text.substr(choose.below(text.size() + 1), choose.below(8)));
        }
    }
}

TEST(conninfo_differential, the_grammar_is_libpqs) {
    chooser choose{20240229};
    int accepted = 0, rejected = 0, unknown = 0;
    for (int i = 0; i < 60000; ++i) {
        std::string text = choose.one_in(2) ? random_url(choose) : random_keywords(choose);
        if (choose.one_in(3)) mutate(choose, text);
        char* message = nullptr;
        const options theirs{PQconninfoParse(text.c_str(), &message), PQconninfoFree};
        const std::string why = message == nullptr ? "" : message;
        PQfreemem(message);
        const auto ours = tusk::conninfo::scan_connection_string(text);
        if (!theirs && why != "invalid connection option \"\"\n" &&
            (why.starts_with("invalid connection option") ||
             why.starts_with("invalid URI query parameter"))) {
            // libpq stopped at a key it does not know; Tusk goes on, and may or may not find fault with the
            // rest.
            ++unknown;
            bool any_unknown = !ours;
            if (ours) {
                for (const auto& s : *ours) any_unknown = any_unknown || !libpq_keys().contains(s.key);
            }
            ASSERT_TRUE(any_unknown) << text << "\n" << why;
            continue;
        }
        ASSERT_EQ(ours.has_value(), theirs != nullptr)
            << text << "\nlibpq: " << why << "Tusk: " << (ours ? "accepted" : ours.error().message());
        if (!ours) {
            ++rejected;
            continue;
        }
        ++accepted;
        values found;
        for (const auto& s : *ours) found[s.key] = s.value;
        ASSERT_EQ(found, values_of(theirs.get())) << text;
    }
    // The corpus is worth something only when it has enough of each.
    EXPECT_GT(accepted, 10000);
    EXPECT_GT(rejected, 10000);
    EXPECT_GT(unknown, 1000);
}

/// A private home, with nothing of libpq's in the environment; both are put back afterwards.
class conninfo_differential_process : public testing::Test {
protected:
    conninfo_differential_process() {
        std::vector<std::string> names{"HOME"};
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text{*entry};
            if (text.starts_with("PG")) names.emplace_back(text.substr(0, text.find('=')));
        }
        for (const auto& name : names) set(name, nullptr);
        set("HOME", directory_.c_str());
    }
    ~conninfo_differential_process() override {
        for (const auto& [name, value] : saved_) {
            if (value)
                ::setenv(name.c_str(), value->c_str(), 1);
            else
                ::unsetenv(name.c_str());
        }
    }

    /// Null unsets.
    void set(const std::string& name, const char* value) {
        const char* old = std::getenv(name.c_str());
        saved_.try_emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>{old});
        if (value == nullptr)
            ::unsetenv(name.c_str());
        else
            ::setenv(name.c_str(), value, 1);
    }

    std::string write(const char* name, const std::string& text) {
        const auto path = directory_ / name;
        std::filesystem::remove(path); // a truncated file is flushed to disk at once by some file systems
        std::ofstream{path} << text;
        std::filesystem::permissions(path, std::filesystem::perms::owner_read |
                                               std::filesystem::perms::owner_write);
        return path.string();
    }

    /// Every host is a socket directory that does not exist, so libpq judges all settings and then gives up
    /// at once.
    std::string missing(const char* name) const { return (directory_ / name).string(); }

    void compare(const std::string& text) {
        const connection theirs{PQconnectdb(text.c_str()), PQfinish};
        const std::string why = PQerrorMessage(theirs.get());
        const bool accepted = why.find("connection to server on socket") != std::string::npos &&
                              why.find("invalid") == std::string::npos;
        const auto ours = tusk::parse_connect_config(text);
        ASSERT_EQ(ours.has_value(), accepted)
            << text << "\nlibpq: " << why << "Tusk: " << (ours ? "accepted" : ours.error().message());
        (accepted ? accepted_ : rejected_)++;
        if (!accepted) return;
        const options effective{PQconninfo(theirs.get()), PQconninfoFree};
        const auto expected = values_of(effective.get());
        const auto expect = [&](const std::string& key, std::string_view actual) {
            const auto at = expected.find(key);
            EXPECT_EQ(actual, at == expected.end() ? "" : at->second) << key << " of " << text;
        };
        // libpq reports the host it tried last.
        const auto& last = ours->hosts().back();
        EXPECT_EQ(last.host, PQhost(theirs.get())) << text;
        const std::string port = PQport(theirs.get());
        EXPECT_EQ(last.port, port.empty() ? 5432 : std::stoi(port)) << text;
        EXPECT_EQ(ours->password_for(last), PQpass(theirs.get())) << text;
        EXPECT_EQ(ours->user(), PQuser(theirs.get())) << text;
        EXPECT_EQ(ours->database(), PQdb(theirs.get())) << text;
        expect("sslmode", to_string(ours->ssl_mode()));
        expect("channel_binding", to_string(ours->channel_binding()));
        expect("target_session_attrs", to_string(ours->target_session_attrs()));
        expect("application_name", ours->application_name());
        expect("options", ours->options());
        expect("sslrootcert", ours->ssl_root_cert());
    }

    const tests::temporary_directory own_;
    const std::filesystem::path directory_ = own_.path();
    std::map<std::string, std::optional<std::string>> saved_;
    int accepted_ = 0, rejected_ = 0;
};

TEST_F(conninfo_differential_process, values_and_defaults_are_libpqs) {
    const std::pair<std::string_view, std::vector<std::string_view>> settings[] = {
        {"port",
         {"1", "5433", "65535", "0", "65536", "x", "", "1,2", "1,2,3", ",", " 7", "8 ", "+9", "-1", "1 2",
          "99999999999"}},
        {"user", {"u", "", "a b", "u:v"}},
        {"dbname", {"d", "", "x=y"}},
        {"password", {"secret", "", "it's"}},
        {"sslmode",
         {"disable", "allow", "prefer", "require", "verify-ca", "verify-full", "", "on", "Require"}},
        {"channel_binding", {"disable", "prefer", "require", "", "x"}},
        {"target_session_attrs",
         {"any", "read-write", "read-only", "primary", "standby", "prefer-standby", "", "x"}},
        {"ssl_min_protocol_version", {"TLSv1", "tlsv1.2", "TLSv1.3", "", "x"}},
        {"ssl_max_protocol_version", {"TLSv1.1", "TLSv1.2", "tlsv1.3", "", "SSLv3"}},
        {"gssencmode", {"disable", "prefer", "", "x"}},
        {"application_name", {"app", ""}},
        {"options", {"-c geqo=off", ""}},
        {"sslrootcert", {"/roots", ""}},
        {"requiressl", {"1", "0", ""}},
        {"connect_timeout", {"1", "3", "0", "-1"}},
    };
    const std::pair<const char*, std::vector<const char*>> variables[] = {
        {"PGUSER", {"envuser"}},   {"PGDATABASE", {"envdb"}},         {"PGPORT", {"7000", "7000,7001"}},
        {"PGPASSWORD", {"envpw"}}, {"PGSSLMODE", {"allow", "bad"}},   {"PGREQUIRESSL", {"1", "0"}},
        {"PGAPPNAME", {"envapp"}}, {"PGCHANNELBINDING", {"disable"}}, {"PGTARGETSESSIONATTRS", {"primary"}},
    };
    chooser choose{7};
    for (int i = 0; i < 3000 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) {
        for (const auto& [name, choices] : variables)
            set(name, choose.one_in(6) ? choices[choose.below(choices.size())] : nullptr);
        std::string text = "host=" + missing("a");
        if (choose.one_in(3)) text += "," + missing("b");
        for (std::size_t n = choose.below(4); n > 0; --n) {
            const auto& [key, choices] = settings[choose.below(std::size(settings))];
            text += " " + std::string{key} + "=" + quote_value(choices[choose.below(choices.size())]);
        }
        compare(text);
    }
    EXPECT_GT(accepted_, 500);
    EXPECT_GT(rejected_, 500);
}

TEST_F(conninfo_differential_process, password_files_are_read_as_libpq_reads_them) {
    constexpr std::string_view fields[] = {"*",     "u",      "d", "1", "5432", "localhost",
                                           "u\\:v", "a\\\\b", "",  "x", "#",    "a\\b"};
    constexpr std::string_view passwords[] = {"p",      "",    "a:b", "a\\:b",   "a\\",
                                              "a\\\\b", " p ", "p\r", "\xc3\xa9"};
    constexpr std::string_view users[] = {"u", "u:v", "x"};
    constexpr std::string_view databases[] = {"d", "a\\b", "*"};
    chooser choose{11};
    int found = 0;
    for (int i = 0; i < 1500 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) {
        std::string file;
        for (std::size_t n = 1 + choose.below(6); n > 0; --n) {
            file += choose.one_in(3) ? missing("a") : std::string{choose.of(fields)};
            for (int field = 0; field < 3; ++field)
                (file += ':') += choose.one_in(2) ? "*" : choose.of(fields);
            (file += ':') += choose.of(passwords);
            if (n > 1 || choose.one_in(2)) file += choose.one_in(6) ? "\r\n" : "\n";
        }
        const auto path = write("pgpass", file);
        const std::string text = "host=" + missing(choose.one_in(4) ? "b" : "a") +
                                 " port=" + (choose.one_in(2) ? "1" : "5432") + " user='" +
                                 std::string{choose.of(users)} +
                                 "' dbname=" + quote_value(choose.of(databases)) + " passfile=" + path;
        compare(text);
        const auto ours = tusk::parse_connect_config(text);
        found += ours && !ours->password_for(ours->hosts()[0]).empty();
    }
    EXPECT_GT(found, 200);
}

TEST_F(conninfo_differential_process, service_files_are_read_as_libpq_reads_them) {
    constexpr std::string_view lines[] = {"[s]",
                                          "[t]",
                                          " [s] ",
                                          "[s]x",
                                          "user=su",
                                          "  user=other ",
                                          "dbname=sd",
                                          "# comment",
                                          "",
                                          "port=6000",
                                          "port=",
                                          "sslmode=allow",
                                          "sslmode=bad",
                                          "password=p=q",
                                          "user",
                                          "service=t",
                                          "application_name= x ",
                                          "user =x",
                                          "=",
                                          "[s",
                                          "options=-c a=b\r"};
    chooser choose{13};
    for (int i = 0; i < 3000 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) {
        std::string file = choose.one_in(3) ? "" : "[s]\n";
        for (std::size_t n = choose.below(6); n > 0; --n) {
            file += choose.of(lines);
            if (n > 1 || choose.one_in(2)) file += '\n';
        }
        set("PGSERVICEFILE", write("service", file).c_str());
        set("PGUSER", choose.one_in(2) ? "envuser" : nullptr);
        set("PGSERVICE", choose.one_in(2) ? "s" : nullptr);
        std::string text = "host=" + missing("a");
        if (choose.one_in(2)) text += " service=s";
        if (choose.one_in(3)) text += " user=me";
        compare(text);
    }
    EXPECT_GT(accepted_, 500);
    EXPECT_GT(rejected_, 300);
}

} // namespace conninfo_differential_test
