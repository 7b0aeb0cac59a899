#include <tusk/testing/database.hpp>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <tusk/testing/detail/administrator.hpp>
#include <tusk/testing/detail/clone_store.hpp>
#include <tusk/testing/detail/template_store.hpp>

namespace tusk::testing {

namespace {

using detail::administrator;
using detail::clone_store;
using detail::quote_identifier;
using detail::quote_text;

constexpr int session_looks = 100;
constexpr auto session_pause = std::chrono::milliseconds{20};

/// From a template that may just have been dropped by `tusk test clean`: it is made again then.
std::string take_clone(const database_options& o) {
    for (bool again = false;; again = true) {
        const auto source =
            administrator::instance().with([&](auto& admin) { return detail::template_for(admin, o); });
        try {
            return clone_store::instance().take(source, o.role(), o.prefetch());
        } catch (const error& e) {
            if (again || !detail::is_missing_template(e.as_failure())) throw;
        }
    }
}

/// Nobody is connected, and nobody can be.
void empty_of_sessions(blocking::connection& admin, const std::string& name) {
    admin.script("alter database " + quote_identifier(name) + " allow_connections false");
    for (int i = 0;; ++i) {
        const auto left = admin.one<std::int64_t>(
            "select count(pg_catalog.pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity where "
            "datname = $1",
            name);
        if (left == 0) return;
        if (i == session_looks)
            throw error{errc::timeout, "sessions of the database " + name +
                                           " do not end; look at pg_stat_activity for what they wait for"};
        std::this_thread::sleep_for(session_pause);
    }
}

class without_sessions {
public:
    without_sessions(blocking::connection& admin, std::string name) : admin_{admin}, name_{std::move(name)} {
        empty_of_sessions(admin_, name_);
    }
    ~without_sessions() {
        static_cast<void>(
            admin_.try_script("alter database " + quote_identifier(name_) + " allow_connections true"));
    }
    without_sessions(const without_sessions&) = delete;
    without_sessions& operator=(const without_sessions&) = delete;

private:
    blocking::connection& admin_;
    std::string name_;
};

} // namespace

database::database(std::string name)
    : name_{std::move(name)}, url_{test_server::shared().url_for(name_)},
      log_position_{test_server::shared().log_position()} {}

database database::create(const database_options& o) {
    database made{take_clone(o)};
    made.owner_ = o.role();
    if (!o.role().empty()) made.url_ = with_role(made.url_, o.role(), o.password());
    return made;
}

database::database(database&& other) noexcept
    : name_{std::exchange(other.name_, std::string{})}, url_{std::move(other.url_)},
      snapshots_{std::exchange(other.snapshots_, {})}, owner_{std::move(other.owner_)},
      log_position_{other.log_position_}, kept_{other.kept_} {}

database& database::operator=(database&& other) noexcept {
    if (this == &other) return *this;
    drop();
    name_ = std::exchange(other.name_, std::string{});
    url_ = std::move(other.url_);
    snapshots_ = std::exchange(other.snapshots_, {});
    owner_ = std::move(other.owner_);
    log_position_ = other.log_position_;
    kept_ = other.kept_;
    return *this;
}

database::~database() { drop(); }

void database::drop() noexcept {
    if (name_.empty()) return;
    try {
        for (auto& snapshot : snapshots_) clone_store::instance().drop(snapshot);
        if (!kept_) clone_store::instance().drop(std::exchange(name_, std::string{}));
    } catch (...) { // out of memory: the next run sweeps
    }
}

std::string database::snapshot_name(std::string_view name) const {
    std::string out = name_ + "_s";
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
        if (snapshots_[i].ends_with("__" + std::string{name})) return snapshots_[i];
    constexpr std::size_t longest_identifier = 63;
    out += std::to_string(snapshots_.size()) + "__" + std::string{name};
    if (out.size() > longest_identifier)
        throw error{errc::invalid_argument,
                    "the name of the snapshot is too long: \"" + std::string{name} + "\""};
    return out;
}

void database::snapshot(std::string_view name) {
    const auto copy = snapshot_name(name);
    administrator::instance().with([&](blocking::connection& admin) {
        admin.script("drop database if exists " + quote_identifier(copy) + " with (force)");
        const without_sessions guard{admin, name_};
        detail::clone(admin, copy, name_, owner_);
    });
    if (std::find(snapshots_.begin(), snapshots_.end(), copy) == snapshots_.end()) snapshots_.push_back(copy);
}

void database::restore(std::string_view name) {
    const auto copy = snapshot_name(name);
    if (std::find(snapshots_.begin(), snapshots_.end(), copy) == snapshots_.end())
        throw error{errc::not_found, "the database has no snapshot \"" + std::string{name} +
                                         "\"; snapshot(\"" + std::string{name} + "\") makes one"};
    administrator::instance().with([&](blocking::connection& admin) {
        // Made beside the old one, which stays in use until it is whole.
        const auto fresh = administrator::instance().new_name();
        detail::clone(admin, fresh, copy, owner_);
        const auto old = fresh + "_old";
        {
            const without_sessions guard{admin, name_};
            admin.script("alter database " + quote_identifier(name_) + " rename to " + quote_identifier(old));
            admin.script("alter database " + quote_identifier(fresh) + " rename to " +
                         quote_identifier(name_));
        }
        clone_store::instance().drop(old);
    });
}

void database::keep(std::string_view why) noexcept {
    kept_ = true;
    try {
        administrator::instance().with([&](blocking::connection& admin) {
            const auto comment = admin.one<std::string>("select 'tusk: kept ' || to_char(now() at time zone "
                                                        "'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS') || ' ' "
                                                        "|| $1",
                                                        why);
            admin.script("comment on database " + quote_identifier(name_) + " is " + quote_text(comment));
        });
        test_server::shared().keep();
    } catch (...) { // it stays all the same
    }
}

std::vector<open_session> database::open_sessions() const {
    return administrator::instance().with([&](blocking::connection& admin) {
        return admin.all<open_session>(
            "select pid, coalesce(application_name, '') as application, coalesce(state, '') as state, "
            "coalesce(query, '') as statement from pg_catalog.pg_stat_activity where datname = $1 and "
            "backend_type = 'client backend' order by backend_start",
            name_);
    });
}

std::string database::log(std::size_t lines) const {
    return test_server::shared().log_since(log_position_, name_, lines);
}

void settle() { clone_store::instance().settle(); }

} // namespace tusk::testing
