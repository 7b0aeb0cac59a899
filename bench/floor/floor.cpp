#include <algorithm>
#include <string>
#include <vector>

#include <tusk/wire/frontend.hpp>

#include <bench/data.hpp>
#include <bench/floor/raw_connection.hpp>
#include <bench/floor/workloads.hpp>

/// What the same traffic costs when nothing is made of it: no client can be cheaper.
namespace bench {

namespace {

using tusk::wire::write_buffer;

void run_simple(raw::connection& on, std::string_view sql) {
    write_buffer out;
    tusk::throw_if(tusk::wire::write_query(out, sql));
    on.send(out.bytes());
    on.skip_answer();
}

/// Bind, Execute and Sync of the prepared point select; the key is patched in place.
class point_message {
public:
    point_message() {
        const std::int16_t binary[] = {1};
        std::byte value[12] = {};
        value[3] = std::byte{8};
        tusk::throw_if(tusk::wire::write_bind(out_, "", "kv", {binary, value}, binary));
        // Result formats (count and one code) come last in a Bind.
        key_at_ = out_.bytes().size() - 4 - 8;
        tusk::throw_if(tusk::wire::write_execute(out_, "", 0));
        tusk::wire::write_sync(out_);
        const auto whole = out_.bytes();
        bytes_.assign(whole.begin(), whole.end());
    }
    /// Without the Sync.
    std::span<const std::byte> part(std::int64_t id) noexcept { return with(id).first(bytes_.size() - 5); }
    std::span<const std::byte> with(std::int64_t id) noexcept {
        const auto wire = __builtin_bswap64(static_cast<std::uint64_t>(id));
        std::copy_n(reinterpret_cast<const std::byte*>(&wire), sizeof wire, bytes_.data() + key_at_);
        return bytes_;
    }

private:
    write_buffer out_;
    std::vector<std::byte> bytes_;
    std::size_t key_at_ = 0;
};

std::uint64_t point(job& j) {
    raw::connection on{j.url};
    write_buffer parse;
    tusk::throw_if(tusk::wire::write_parse(parse, "kv", select_kv, {}));
    tusk::wire::write_sync(parse);
    on.send(parse.bytes());
    on.skip_answer();
    point_message message;
    std::uint64_t rows = 0;
    const auto query = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            on.send(message.with(key_of(i)));
            const auto got = on.receive(); // BindComplete, DataRow, CommandComplete, ReadyForQuery: one piece
            rows += got.size() > 11 && got[0] == std::byte{'2'} && got[5] == std::byte{'D'} &&
                    got[got.size() - 6] == std::byte{'Z'};
        }
    };
    query(100);
    rows = 0;
    if (j.pin) pin_together(*j.pin, on.backend());
    j.clock.timed([&] { query(j.n); });
    if (rows != j.n) throw wrong_answer{"an answer was not one row"};
    return j.n;
}

/// A hundred of them and one Sync; the answer ends with the only ReadyForQuery.
std::uint64_t batch(job& j) {
    raw::connection on{j.url};
    write_buffer parse;
    tusk::throw_if(tusk::wire::write_parse(parse, "kv", select_kv, {}));
    tusk::wire::write_sync(parse);
    on.send(parse.bytes());
    on.skip_answer();
    point_message message;
    std::vector<std::byte> out;
    const auto query = [&](std::uint64_t n) {
        for (std::uint64_t done = 0; done < n;) {
            out.clear();
            for (const auto end = std::min(done + 100, n); done < end; ++done) {
                const auto one = message.part(key_of(done));
                out.insert(out.end(), one.begin(), one.end());
            }
            const auto whole = message.with(0);
            out.insert(out.end(), whole.end() - 5, whole.end());
            on.send(out);
            on.skip_answer();
        }
    };
    query(100);
    if (j.pin) pin_together(*j.pin, on.backend());
    j.clock.timed([&] { query(j.n); });
    return j.n;
}

/// Throws the answer away but for its end, where the number of rows stands.
void discard_rows(raw::connection& on, std::uint64_t n) {
    std::string end = "SELECT " + std::to_string(n);
    end += std::string_view{"\0Z\0\0\0\5I", 7};
    std::string tail;
    while (!tail.ends_with(end)) {
        const auto got = on.receive();
        const auto part = got.last(std::min(got.size(), end.size()));
        tail.append(reinterpret_cast<const char*>(part.data()), part.size());
        if (tail.size() > end.size()) tail.erase(0, tail.size() - end.size());
        if (tail.ends_with(std::string_view{"Z\0\0\0\5I", 6}) && !tail.ends_with(end) &&
            tail.find("SELECT ") != tail.npos)
            throw wrong_answer{"the number of rows is wrong"};
    }
}

std::uint64_t rows(job& j) {
    raw::connection on{j.url};
    run_simple(on, scan_from_the_start);
    const auto read = [&on](std::uint64_t n) {
        const std::int16_t binary[] = {1};
        write_buffer out;
        tusk::throw_if(tusk::wire::write_parse(out, "", select_wide(n), {}));
        tusk::throw_if(tusk::wire::write_bind(out, "", "", {}, binary));
        tusk::throw_if(tusk::wire::write_execute(out, "", 0));
        tusk::wire::write_sync(out);
        on.send(out.bytes());
        discard_rows(on, n);
    };
    read(100);
    if (j.pin) pin_together(*j.pin, on.backend());
    j.clock.timed([&] { read(j.n); });
    return j.n;
}

} // namespace

std::span<const workload> floor_workloads() {
    static constexpr workload all[] = {
        {"point", "floor", point, 50'000, true, "messages made beforehand, answers thrown away"},
        {"batch", "floor", batch, 200'000, true, "messages made beforehand, answers thrown away"},
        {"copy-in", "floor", raw::copy_in, 1'000'000, true, "messages made beforehand"},
        {"insert", "floor", raw::insert, 100'000, true, "messages made beforehand, answers thrown away"},
        {"rows", "floor", rows, 1'000'000, true, "received and thrown away"},
    };
    return all;
}

} // namespace bench
