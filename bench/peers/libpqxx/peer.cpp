#include <charconv>
#include <chrono>
#include <optional>
#include <tuple>

#include <pqxx/pqxx>

#include <bench/data.hpp>
#include <bench/peers/peer_main.hpp>

/// The workloads with libpqxx 6.4. It speaks text only, and has no pool.
namespace bench {

namespace {

constexpr std::uint64_t warm_up = 100;

template <class T>
T number(std::string_view text) {
    T out{};
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

std::string_view text_of(const pqxx::field& f) { return {f.c_str(), f.size()}; }

template <class Work>
void timed(job& j, pqxx::connection& on, Work work) {
    if (j.pin) pin_together(*j.pin, on.backendpid());
    j.clock.timed([&] { work(j.n); });
}

std::uint64_t point(job& j) {
    pqxx::connection on{j.url};
    on.prepare("kv", select_kv);
    pqxx::nontransaction tx{on};
    kv_check check;
    const auto query = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const auto id = key_of(i);
            const auto row = tx.exec_prepared1("kv", id);
            check.add(id, row[0].as<std::string>(), row[1].as<int>());
        }
    };
    query(warm_up);
    check = {};
    timed(j, on, query);
    check.finish(j.n);
    return j.n;
}

/// Its pipeline sends texts of statements, which the server parses and plans each time.
std::uint64_t batch(job& j) {
    constexpr std::uint64_t size = 100;
    pqxx::connection on{j.url};
    pqxx::nontransaction tx{on};
    kv_check check;
    const auto query = [&](std::uint64_t n) {
        for (std::uint64_t done = 0; done < n; done += size) {
            pqxx::pipeline all{tx};
            all.retain(static_cast<int>(size));
            for (auto i = done; i < done + size; ++i)
                all.insert("select k, v from bench_kv where id=" + std::to_string(key_of(i)));
            for (auto i = done; i < done + size; ++i) {
                const auto found = all.retrieve().second;
                check.add(key_of(i), found.at(0).at(0).as<std::string>(), found.at(0).at(1).as<int>());
            }
        }
    };
    query(size);
    check = {};
    timed(j, on, query);
    check.finish(j.n);
    return j.n;
}

struct wide {
    std::int64_t id = 0;
    std::int32_t a = 0;
    double b = 0;
    std::string c;
    timestamp d;
    bool e = false;
    std::int64_t cents = 0;
    int decimals = 0;
    std::byte g[16] = {};

    int scale() const { return decimals; }
    wide_values values() const {
        auto fraction = std::to_string(100 + cents % 100).substr(1);
        return {id, b, c, std::to_string(cents / 100) + "." + fraction, g};
    }
};

/// "2020-01-01 00:00:01.001234+00"
timestamp moment(std::string_view text) {
    using namespace std::chrono;
    const auto part = [&](std::size_t at, std::size_t size) { return number<int>(text.substr(at, size)); };
    const sys_days day{year{part(0, 4)} / part(5, 2) / part(8, 2)};
    int micros = 0, digits = 0;
    for (std::size_t i = 20; text.size() > 19 && text[19] == '.' && i < text.size() && text[i] >= '0';
         ++i, ++digits)
        micros = micros * 10 + (text[i] - '0');
    for (; digits < 6; ++digits) micros *= 10;
    return day + hours{part(11, 2)} + minutes{part(14, 2)} + seconds{part(17, 2)} + microseconds{micros};
}

void read_decimal(std::string_view text, wide& out) {
    const auto dot = text.find('.');
    out.decimals = dot == text.npos ? 0 : static_cast<int>(text.size() - dot - 1);
    out.cents = number<std::int64_t>(text.substr(0, dot)) * 100 + number<std::int64_t>(text.substr(dot + 1));
}

void read_uuid(std::string_view text, wide& out) {
    std::size_t digit = 0;
    for (const char c : text) {
        if (c == '-') continue;
        const unsigned value = static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        auto& byte = out.g[digit / 2];
        byte = digit % 2 == 0 ? std::byte(value << 4U) : byte | std::byte(value);
        ++digit;
    }
}

wide decode(const pqxx::row& row) {
    wide out;
    out.id = row[0].as<std::int64_t>();
    out.a = row[1].as<std::int32_t>();
    out.b = number<double>(text_of(row[2])); // as<double>() goes through a string stream
    out.c = row[3].as<std::string>();
    out.d = moment(text_of(row[4]));
    out.e = row[5].as<bool>();
    read_decimal(text_of(row[6]), out);
    read_uuid(text_of(row[7]), out);
    return out;
}

std::uint64_t rows(job& j) {
    pqxx::connection on{j.url};
    pqxx::nontransaction tx{on};
    tx.exec0(scan_from_the_start);
    tx.exec0("set time zone 'UTC'");
    wide_check check;
    const auto read = [&](std::uint64_t n) {
        for (const auto& row : tx.exec(select_wide(n))) check.add(decode(row));
    };
    read(warm_up);
    check = {};
    timed(j, on, read);
    check.finish(j.n);
    return j.n;
}

template <class Write>
std::uint64_t written(job& j, pqxx::connection& on, std::uint64_t first, Write write) {
    const auto clear = [&] { pqxx::nontransaction{on}.exec0(empty_copy); };
    write(first);
    clear();
    timed(j, on, write);
    const auto found = pqxx::nontransaction{on}.exec1(check_copy);
    clear();
    const auto sum = [&](int column) { return found[column].as<std::int64_t>(); };
    finish_copy(j.n, sum(0), sum(1), sum(2), found[3].as<bool>());
    return j.n;
}

std::uint64_t copy_in(job& j) {
    pqxx::connection on{j.url};
    return written(j, on, warm_up, [&](std::uint64_t n) {
        pqxx::work tx{on};
        pqxx::stream_to to{tx, "bench_copy", std::vector<std::string>{"id", "k", "v"}};
        key_text key;
        for (std::int64_t id = 1; id <= static_cast<std::int64_t>(n); ++id)
            to << std::tuple{id, std::string{key.of(id)}, static_cast<std::int32_t>(scattered(id))};
        to.complete();
        tx.commit();
    });
}

/// It has no arrays as arguments: their text is made by hand.
std::uint64_t insert(job& j) {
    pqxx::connection on{j.url};
    on.prepare("arrays", insert_arrays);
    return written(j, on, 2 * insert_size, [&](std::uint64_t n) {
        pqxx::nontransaction tx{on};
        insert_columns rows;
        for (std::uint64_t done = 0; done < n; done += insert_size) {
            rows.fill(static_cast<std::int64_t>(done) + 1, std::min(insert_size, n - done));
            std::string ids = "{", keys = "{", values = "{";
            for (std::size_t i = 0; i < rows.ids.size(); ++i) {
                const char* const comma = i == 0 ? "" : ",";
                ids += comma + std::to_string(rows.ids[i]);
                keys += comma + rows.keys[i];
                values += comma + std::to_string(rows.values[i]);
            }
            tx.exec_prepared0("arrays", ids + "}", keys + "}", values + "}");
        }
    });
}

std::uint64_t connect(job& j) {
    const auto open = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i)
            if (!pqxx::connection{j.url}.is_open()) throw wrong_answer{"a new connection was not usable"};
    };
    open(1);
    j.clock.timed([&] { open(j.n); });
    return j.n;
}

constexpr workload all[] = {
    {"point", "libpqxx", point, 50'000, true, ""},    {"batch", "libpqxx", batch, 100'000, true, ""},
    {"rows", "libpqxx", rows, 1'000'000, true, ""},   {"copy-in", "libpqxx", copy_in, 1'000'000, true, ""},
    {"insert", "libpqxx", insert, 100'000, true, ""}, {"connect", "libpqxx", connect, 200, false, ""},
};

} // namespace

} // namespace bench

int main(int argc, char** argv) { return bench::peer_main(argc, argv, "libpqxx", bench::all); }
