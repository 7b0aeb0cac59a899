#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <tusk/wire/frontend.hpp>

#include <bench/binary_rows.hpp>
#include <bench/floor/raw_connection.hpp>
#include <bench/floor/workloads.hpp>

/// What writing costs when the messages are there already.
namespace bench::raw {

namespace {

using tusk::wire::write_buffer;

void run(connection& on, std::string_view sql) {
    write_buffer out;
    tusk::throw_if(tusk::wire::write_query(out, sql));
    on.send(out.bytes());
    on.skip_answer();
}

/// CopyData messages of 64 KiB with the rows 1 to `n`, and CopyDone.
std::string copy_messages(std::uint64_t n) {
    constexpr std::size_t limit = std::size_t{64} * 1024;
    std::string out, part{"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19};
    const auto flush = [&] {
        out += 'd';
        put(out, static_cast<std::int32_t>(part.size() + 4));
        out += part;
        part.clear();
    };
    key_text key;
    for (std::int64_t id = 1; id <= static_cast<std::int64_t>(n); ++id) {
        put(part, std::int16_t{3}), put(part, std::int32_t{8}), put(part, id);
        put(part, std::int32_t{16}), part.append(key.of(id));
        put(part, std::int32_t{4}), put(part, static_cast<std::int32_t>(scattered(id)));
        if (part.size() >= limit) flush();
    }
    put(part, std::int16_t{-1});
    flush();
    out += 'c';
    put(out, std::int32_t{4});
    return out;
}

void copy(connection& on, const std::string& messages) {
    write_buffer begin;
    tusk::throw_if(tusk::wire::write_query(begin, "copy bench_copy (id, k, v) from stdin (format binary)"));
    on.send(begin.bytes());
    if (on.receive().front() != std::byte{'G'}) throw wrong_answer{"the server takes no COPY"};
    on.send(std::as_bytes(std::span{messages}));
    on.skip_answer();
}

/// Bind, Execute and Sync for each thousand of the rows 1 to `n`.
std::vector<write_buffer> insert_messages(std::uint64_t n) {
    const std::int16_t binary[] = {1, 1, 1};
    std::vector<write_buffer> out;
    insert_arguments rows;
    for (std::uint64_t done = 0; done < n; done += insert_size) {
        rows.fill(static_cast<std::int64_t>(done) + 1, std::min(insert_size, n - done));
        std::string values;
        for (const auto* value : {&rows.ids, &rows.keys, &rows.values}) {
            put(values, static_cast<std::int32_t>(value->size()));
            values += *value;
        }
        auto& message = out.emplace_back();
        tusk::throw_if(
            tusk::wire::write_bind(message, "", "arrays", {binary, std::as_bytes(std::span{values})}, {}));
        tusk::throw_if(tusk::wire::write_execute(message, "", 0));
        tusk::wire::write_sync(message);
    }
    return out;
}

} // namespace

std::uint64_t copy_in(job& j) {
    connection on{j.url};
    copy(on, copy_messages(100));
    run(on, empty_copy);
    const auto messages = copy_messages(j.n);
    if (j.pin) pin_together(*j.pin, on.backend());
    j.clock.timed([&] { copy(on, messages); });
    check_copied(j.url, j.n);
    return j.n;
}

std::uint64_t insert(job& j) {
    connection on{j.url};
    write_buffer parse;
    tusk::throw_if(tusk::wire::write_parse(parse, "arrays", insert_arrays, {}));
    tusk::wire::write_sync(parse);
    on.send(parse.bytes());
    on.skip_answer();
    const auto send = [&](const std::vector<write_buffer>& all) {
        for (const auto& one : all) {
            on.send(one.bytes());
            on.skip_answer();
        }
    };
    send(insert_messages(2 * insert_size));
    run(on, empty_copy);
    const auto messages = insert_messages(j.n);
    if (j.pin) pin_together(*j.pin, on.backend());
    j.clock.timed([&] { send(messages); });
    check_copied(j.url, j.n);
    return j.n;
}

} // namespace bench::raw
