#include <tusk/schema/scratch.hpp>

#include <atomic>
#include <chrono>
#include <optional>

#include <unistd.h>

#include <tusk/embedded/server.hpp>
#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

struct scratch_server::place {
    std::optional<embedded::server> own;
    connect_config config;

    connect_config config_of(const std::string& database) const {
        auto to = config;
        to.database(database);
        return to;
    }
    blocking::connection connect(const std::string& database) const {
        return blocking::connection::open(config_of(database));
    }
};

namespace {

constexpr std::string_view embedded_scheme = "embedded://";

std::string new_name() {
    static std::atomic<unsigned> counter{0};
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return "tusk_scratch_" + std::to_string(::getpid()) + "_" + std::to_string(now % 1'000'000'000) + "_" +
           std::to_string(counter++);
}

} // namespace

scratch_server::scratch_server(std::string_view where) : place_{std::make_shared<place>()} {
    if (where.substr(0, embedded_scheme.size()) == embedded_scheme) {
        embedded::server_options options;
        int version = 0;
        for (const char c : where.substr(embedded_scheme.size())) {
            if (c < '0' || c > '9')
                throw error{errc::invalid_argument,
                            "`" + std::string{where} + "` is not embedded://[MAJOR VERSION]"};
            version = version * 10 + (c - '0');
        }
        if (version > 0) options.version(version);
        place_->own.emplace(embedded::server::start(options).value());
        place_->config = parse_connect_config(place_->own->url()).value();
    } else {
        place_->config = parse_connect_config(where, environment::process()).value();
    }
}

scratch_server::~scratch_server() = default;
scratch_server::scratch_server(scratch_server&&) noexcept = default;
scratch_server& scratch_server::operator=(scratch_server&&) noexcept = default;

bool scratch_server::is_own() const noexcept { return place_->own.has_value(); }

scratch_database scratch_server::create(std::string_view copy_of) {
    auto db = place_->connect(place_->config.database());
    auto name = new_name();
    db.script("create database " + quote_identifier(name) + " template " +
              (copy_of.empty() ? std::string{"template0"} : quote_identifier(copy_of)));
    return {place_, std::move(name)};
}

scratch_database::scratch_database(std::shared_ptr<scratch_server::place> place, std::string name)
    : place_{std::move(place)}, name_{std::move(name)} {}

scratch_database::scratch_database(scratch_database&& other) noexcept
    : place_{std::move(other.place_)}, name_{std::move(other.name_)} {
    other.place_.reset();
}

scratch_database& scratch_database::operator=(scratch_database&& other) noexcept {
    if (this != &other) {
        drop();
        place_ = std::move(other.place_);
        name_ = std::move(other.name_);
        other.place_.reset();
    }
    return *this;
}

scratch_database::~scratch_database() { drop(); }

void scratch_database::drop() noexcept {
    if (!place_) return;
    try {
        auto db = place_->connect(place_->config.database());
        static_cast<void>(
            db.try_script("drop database if exists " + quote_identifier(name_) + " with (force)"));
    } catch (const std::exception&) { // the server may be gone, and its databases with it
        name_.clear();
    }
    place_.reset();
}

blocking::connection scratch_database::connect() const { return place_->connect(name_); }

connect_config scratch_database::config() const { return place_->config_of(name_); }

bool scratch_database::is_on_own_server() const noexcept { return place_ && place_->own.has_value(); }

bool make_missing_role(blocking::connection& on, const failure& why) {
    const auto* said = why.server();
    if (said == nullptr || said->sqlstate != "42704" || said->message.rfind("role \"", 0) != 0) return false;
    const auto end = said->message.rfind("\" does not exist");
    if (end == std::string::npos || end <= 6) return false;
    return !on.try_script("create role " + quote_identifier(said->message.substr(6, end - 6)));
}

} // namespace tusk::schema
