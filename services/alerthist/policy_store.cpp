#include <services/alerthist/policy_store.hpp>

#include <atomic>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <tusk/types/json.hpp>
#include <tusk/types/uuid.hpp>

namespace tusk::alerthist {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// A row that was changed, and what nobody reads: the result of telling the others.
struct changed_row {
    std::string shown;
    std::string told;
};

struct firing_row {
    std::string fingerprint;
    json_text labels;
};

/// Values of the columns out of the record `r`: what the client left out is as it was, or as `fresh` says.
std::string values_of(const resource& what, bool fresh) {
    std::string out;
    std::string_view rest = what.columns;
    while (!rest.empty()) {
        const auto end = rest.find(", ");
        const auto column = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
        if (!out.empty()) out += ", ";
        if (column == "starts_at")
            out += fresh ? "coalesce(r.starts_at, now())" : "coalesce(r.starts_at, t.starts_at)";
        else if (column == "secret")
            out += fresh ? "coalesce(r.secret, '')" : "coalesce(r.secret, t.secret)";
        else
            out.append("r.").append(column);
    }
    return out;
}

std::string key_condition(const resource& what) {
    return what.uuid_key ? "id = $1::text::uuid" : "id = $1::text::bigint";
}

/// The changed row as JSON, telling everybody.
std::string tell(const resource& what, std::string_view change) {
    const auto type = &what == &silences ? "silence_" + std::string{change} : std::string{"changed"};
    return fmt::format(
        "select ({})::text as shown, pg_notify('{}', json_build_object('type', '{}', 'id', id)::text)::text "
        "as told from changed",
        what.shown, policy_channel, type);
}

constexpr std::string_view load_sql = R"(select json_build_object(
    'mode', (select mode from service_state),
    'filters', (select coalesce(json_agg(t order by priority, id), '[]') from filter_rules t where enabled),
    'classifiers', (select coalesce(json_agg(t order by priority, id), '[]') from classification_rules t where enabled),
    'inhibitions', (select coalesce(json_agg(t order by id), '[]') from inhibition_rules t where enabled),
    'silences', (select coalesce(json_agg(t order by ends_at, id), '[]') from silences t where ends_at > now()),
    'targets', (select coalesce(json_agg(t order by id), '[]') from publishing_targets t))::text)";

std::string text(const json::object& in, const char* key) {
    const auto* value = in.if_contains(key);
    if (!value || !value->is_string()) return {};
    return {value->get_string().data(), value->get_string().size()};
}

std::int64_t whole(const json::object& in, const char* key) { return in.at(key).to_number<std::int64_t>(); }

instant time(const json::object& in, const char* key) {
    return parse_instant(text(in, key)).value_or(instant{});
}

std::vector<std::string> words(const json::object& in, const char* key) {
    std::vector<std::string> out;
    for (const auto& one : in.at(key).as_array()) out.emplace_back(json::value_to<std::string>(one));
    return out;
}

/// Rows become rules; one that cannot be read is left out and told.
class policy_reader {
public:
    explicit policy_reader(loaded_policy& out) : out_{out} {}

    policy read(const json::object& from) {
        policy made;
        made.mode = parse_mode(text(from, "mode")).value_or(mode::enriched);
        each(from, "filters", [&](const json::object& row) { made.filters.push_back(filter(row)); });
        each(from, "classifiers",
             [&](const json::object& row) { made.classifiers.push_back(classifier(row)); });
        each(from, "inhibitions",
             [&](const json::object& row) { made.inhibitions.push_back(inhibition(row)); });
        each(from, "silences", [&](const json::object& row) { made.silences.push_back(silence_of(row)); });
        each(from, "targets", [&](const json::object& row) { made.targets.push_back(target_of(row)); });
        return made;
    }

private:
    template <class F>
    void each(const json::object& from, const char* key, F f) {
        for (const auto& row : from.at(key).as_array()) {
            try {
                f(row.as_object());
            } catch (const std::exception& e) {
                out_.problems.push_back(std::string{key} + ": " + e.what());
            }
        }
    }

    static alert_condition when(const json::object& row, const char* key) {
        auto parsed = alert_condition::parse(row.at(key), key);
        if (!parsed) throw std::runtime_error{parsed.error()};
        return *parsed;
    }
    static std::vector<matcher> matchers(const json::object& row, const char* key) {
        auto parsed = parse_matchers(row.at(key), key);
        if (!parsed) throw std::runtime_error{parsed.error()};
        return *parsed;
    }

    static filter_rule filter(const json::object& row) {
        filter_rule out;
        out.name = text(row, "name");
        out.action = text(row, "action");
        out.when = when(row, "conditions");
        out.reason = text(row, "reason");
        out.delay = std::chrono::seconds{whole(row, "delay_seconds")};
        return out;
    }
    static classification_rule classifier(const json::object& row) {
        classification_rule out;
        out.when = when(row, "conditions");
        out.verdict.severity = text(row, "severity");
        out.verdict.confidence = row.at("confidence").to_number<double>();
        out.verdict.category = text(row, "category");
        out.verdict.rule = text(row, "name");
        out.verdict.source = "rule";
        out.verdict.reasoning = "rule " + out.verdict.rule;
        out.verdict.recommendations = words(row, "recommendations");
        return out;
    }
    static inhibition_rule inhibition(const json::object& row) {
        inhibition_rule out;
        out.name = text(row, "name");
        out.source = matchers(row, "source_matchers");
        out.target = matchers(row, "target_matchers");
        out.equal = words(row, "equal");
        return out;
    }
    static silence silence_of(const json::object& row) {
        silence out;
        out.id = text(row, "id");
        out.matchers = matchers(row, "matchers");
        out.starts_at = time(row, "starts_at");
        out.ends_at = time(row, "ends_at");
        return out;
    }
    static target target_of(const json::object& row) {
        target out;
        out.id = whole(row, "id");
        out.name = text(row, "name");
        out.format = text(row, "format");
        out.url = text(row, "url");
        out.enabled = row.at("enabled").as_bool();
        for (const auto& [name, value] : row.at("headers").as_object())
            out.headers.emplace_back(std::string{name.data(), name.size()},
                                     json::value_to<std::string>(value));
        out.secret = text(row, "secret");
        if (!row.at("filter").is_null()) out.filter = when(row, "filter");
        out.timeout = std::chrono::milliseconds{whole(row, "timeout_ms")};
        out.max_attempts = static_cast<int>(whole(row, "max_attempts"));
        return out;
    }

    loaded_policy& out_;
};

std::atomic<std::uint64_t> generations{0};

options on_table(const resource& what) { return options{}.table(what.table); }

} // namespace

bool is_key(const resource& of, std::string_view text) noexcept {
    if (of.uuid_key) {
        if (text.size() != 36) return false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
            const char c = text[i];
            const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
            if (dash ? c != '-' : !digit) return false;
        }
        return true;
    }
    std::int64_t id = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), id);
    return ec == std::errc{} && end == text.data() + text.size() && id > 0;
}

label_set labels_of(std::string_view text) {
    label_set out;
    const auto parsed = json::parse({text.data(), text.size()});
    for (const auto& [name, value] : parsed.as_object())
        out.emplace(std::string{name.data(), name.size()},
                    std::string{value.as_string().data(), value.as_string().size()});
    return out;
}

asio::awaitable<std::string> policy_store::list(const resource& what, std::optional<std::string> status) {
    std::string_view only = "$1::text is null";
    if (status == "active") only = "starts_at <= now() and ends_at > now() and $1::text is not null";
    if (status == "pending") only = "starts_at > now() and ends_at > now() and $1::text is not null";
    if (status == "expired") only = "ends_at <= now() and $1::text is not null";
    const auto sql = fmt::format("select coalesce(json_agg({} order by {}), '[]')::text from {} where {}",
                                 what.shown, what.order, what.table, only);
    const auto call = on_table(what);
    co_return co_await pool_->one<std::string>(call, sql, status);
}

asio::awaitable<std::optional<std::string>> policy_store::get(const resource& what, std::string id) {
    const auto sql =
        fmt::format("select ({})::text from {} where {}", what.shown, what.table, key_condition(what));
    const auto call = on_table(what);
    co_return co_await pool_->maybe<std::string>(call, sql, id);
}

asio::awaitable<std::string> policy_store::create(const resource& what, std::string values) {
    const auto sql = fmt::format(
        "with changed as (insert into {} ({}) select {} from jsonb_to_record($1::text::jsonb) as r ({}) "
        "returning *) {}",
        what.table, what.columns, values_of(what, true), what.record, tell(what, "created"));
    const auto call = on_table(what);
    auto row = co_await pool_->one<changed_row>(call, sql, values);
    co_return std::move(row.shown);
}

asio::awaitable<std::optional<std::string>> policy_store::replace(const resource& what, std::string id,
                                                                  std::string values) {
    const auto sql = fmt::format("with changed as (update {} as t set ({}, updated_at) = row({}, now()) from "
                                 "jsonb_to_record($2::text::jsonb) as r ({}) where t.{} returning t.*) {}",
                                 what.table, what.columns, values_of(what, false), what.record,
                                 key_condition(what), tell(what, "updated"));
    const auto call = on_table(what);
    auto row = co_await pool_->maybe<changed_row>(call, sql, id, values);
    if (!row) co_return std::nullopt;
    co_return std::move(row->shown);
}

asio::awaitable<policy_store::removal> policy_store::remove(const resource& what, std::string id) {
    std::string change;
    if (&what == &silences)
        change = "update silences set starts_at = least(starts_at, now()), ends_at = least(ends_at, now()), "
                 "updated_at "
                 "= now() where " +
                 key_condition(what);
    else
        change = fmt::format("delete from {} where {}{}", what.table, key_condition(what),
                             what.has_built_in ? " and not built_in" : "");
    const auto sql = fmt::format("with changed as ({} returning *) {}", change, tell(what, "deleted"));
    const auto call = on_table(what);
    const auto row = co_await pool_->maybe<changed_row>(call, sql, id);
    if (row && &what == &targets) { // what was left for it, and its dead letters
        co_await pool_->exec("delete from outbox where target_id = $1::text::bigint", id);
        co_await pool_->exec("delete from dead_letters where target_id = $1::text::bigint", id);
    }
    if (row) co_return removal::done;
    const auto still = co_await get(what, id);
    co_return still ? removal::built_in : removal::not_found;
}

asio::awaitable<void> policy_store::set_mode(mode to) {
    const std::string word{to_string(to)};
    co_await pool_->one<changed_row>(
        "with changed as (update service_state set mode = $1 returning mode) select mode as shown, "
        "pg_notify('alerthist_policy', '{\"type\":\"changed\"}')::text as told from changed",
        word);
}

asio::awaitable<loaded_policy> policy_store::load() {
    const auto found = co_await pool_->one<std::string>(load_sql);
    loaded_policy out;
    auto made = policy_reader{out}.read(json::parse(found).as_object());
    made.generation = ++generations;
    out.value = std::make_shared<const policy>(std::move(made));
    co_return out;
}

asio::awaitable<std::vector<std::pair<std::string, label_set>>> policy_store::firing() {
    const auto found =
        co_await pool_->all<firing_row>("select fingerprint, labels from alerts where status = 'firing'");
    std::vector<std::pair<std::string, label_set>> out;
    out.reserve(found.size());
    for (const auto& row : found) out.emplace_back(row.fingerprint, labels_of(row.labels.text()));
    co_return out;
}

} // namespace tusk::alerthist
