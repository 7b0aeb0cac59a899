#include <tusk/testing/detail/administrator.hpp>

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <random>

#include <tusk/testing/test_server.hpp>

namespace tusk::testing::detail {

namespace {

constexpr std::size_t owner_digits = 8;

std::optional<std::int32_t> number_of(const std::string& owner) {
    std::uint32_t value = 0;
    const auto end = owner.data() + owner.size();
    const auto done = std::from_chars(owner.data(), end, value, 16);
    if (owner.size() != owner_digits || done.ec != std::errc{} || done.ptr != end || value > 0x7fffffffU)
        return std::nullopt;
    return static_cast<std::int32_t>(value);
}

std::string doubled(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

} // namespace

std::string quote_identifier(std::string_view identifier) { return doubled(identifier, '"'); }
std::string quote_text(std::string_view text) { return doubled(text, '\''); }

std::string new_owner() {
    std::random_device random;
    const auto value = static_cast<std::uint32_t>(random()) & 0x7fffffffU;
    std::string out;
    for (int shift = 28; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15U];
    return out;
}

void hold_owner_lock(blocking::connection& on, const std::string& owner) {
    const auto number = number_of(owner);
    if (!number)
        throw error{errc::invalid_configuration,
                    "TUSK_TEST_OWNER=" + owner +
                        " is not what `tusk test run` sets (eight hexadecimal digits)"};
    on.exec("select pg_catalog.pg_advisory_lock($1::int4, $2::int4)", owner_lock, *number);
}

administrator::administrator() : connection_{blocking::connection::open(test_server::shared().url())} {
    const char* given = std::getenv("TUSK_TEST_OWNER");
    holds_lock_ = given == nullptr || *given == '\0';
    owner_ = holds_lock_ ? new_owner() : std::string{given};
    if (!number_of(owner_) || holds_lock_) hold_owner_lock(connection_, owner_);
}

administrator& administrator::instance() {
    static auto* const only = new administrator;
    return *only;
}

blocking::connection& administrator::connected() {
    if (connection_.is_open()) return connection_;
    connection_ = blocking::connection::open(test_server::shared().url());
    if (holds_lock_) hold_owner_lock(connection_, owner_);
    return connection_;
}

std::string administrator::new_name() {
    static std::atomic<unsigned> counter{0};
    return "tusk_t_" + owner_ + "_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
}

std::vector<std::string> abandoned_databases(blocking::connection& on) {
    // Kept ones say since when in their comment.
    return on.all<std::string>(
        "select d.datname::text from pg_catalog.pg_database d, lateral (select "
        "pg_catalog.shobj_description(d.oid, 'pg_database') as comment) c "
        "where d.datname ~ '^tusk_t_[0-9a-f]{8}_' and not exists (select from pg_catalog.pg_locks l where "
        "l.locktype = 'advisory' and l.objsubid = 2 and l.classid = $1::int4::oid and l.granted and "
        "l.objid = ('x' || substr(d.datname, 8, 8))::bit(32)::int8::oid) and (c.comment is null or c.comment "
        "!~ '^tusk: kept ' or substr(c.comment, 12, 19)::timestamp < (now() at time zone 'utc') - interval "
        "'1 day')",
        owner_lock);
}

void drop_old_templates(blocking::connection& on) {
    const auto old = on.all<std::string>(
        "select d.datname::text from pg_catalog.pg_database d, lateral (select "
        "pg_catalog.shobj_description(d.oid, 'pg_database') as comment) c "
        "where d.datname ~ '^tusk_template_[0-9a-f]{32}$' and c.comment ~ '^tusk: used "
        "[0-9]{4}-[0-9]{2}-[0-9]{2}$' and substr(c.comment, 12)::date < current_date - 14");
    for (const auto& name : old) {
        static_cast<void>(on.try_script("alter database " + quote_identifier(name) + " is_template false"));
        static_cast<void>(on.try_script("drop database if exists " + quote_identifier(name)));
    }
}

} // namespace tusk::testing::detail
