#include <tusk/testing/fault_proxy.hpp>

#include <tusk/testing/detail/fault_core.hpp>

namespace tusk::testing {

using detail::fault_core;
using detail::fault_kind;
using detail::fault_rule;

// ---- places

fault_cut& fault_cut::on_connection(std::uint64_t number) {
    rule_->connection = number;
    return *this;
}

fault_cut& fault_cut::times(std::uint64_t n) {
    rule_->left = n;
    return *this;
}

/// A copy: the same place may be armed again.
void fault_cut::arm() {
    const auto rule = std::make_shared<fault_rule>(*rule_);
    core_->ask([&] { core_->arm(rule); });
}

void fault_cut::reset() {
    rule_->kind = fault_kind::reset;
    arm();
}
void fault_cut::close() {
    rule_->kind = fault_kind::close;
    arm();
}
void fault_cut::stop() {
    rule_->kind = fault_kind::stop;
    arm();
}
void fault_cut::insert(std::string bytes) {
    rule_->kind = fault_kind::insert;
    rule_->bytes = std::move(bytes);
    arm();
}
void fault_point::drop() {
    rule_->kind = fault_kind::drop;
    arm();
}
void fault_point::duplicate() {
    rule_->kind = fault_kind::duplicate;
    arm();
}
void fault_point::swap_with_next() {
    rule_->kind = fault_kind::swap;
    arm();
}
void fault_point::delay(std::chrono::milliseconds time) {
    rule_->kind = fault_kind::delay;
    rule_->time = time;
    arm();
}
void fault_point::replace(std::string bytes) {
    rule_->kind = fault_kind::replace;
    rule_->bytes = std::move(bytes);
    arm();
}
void fault_point::flip(std::uint8_t mask, std::size_t offset) {
    rule_->kind = fault_kind::flip;
    rule_->mask = mask;
    rule_->offset = offset;
    arm();
}

// ---- one direction

fault_link& fault_link::latency(std::chrono::milliseconds time, std::chrono::milliseconds jitter,
                                std::uint32_t seed) {
    core_->ask([&] {
        core_->seed(way_, seed);
        core_->change(way_, [&](detail::link_settings& s) {
            s.latency = time;
            s.jitter = jitter;
        });
    });
    return *this;
}

fault_link& fault_link::bandwidth(std::uint64_t bytes_per_second) {
    core_->ask([&] { core_->change(way_, [&](auto& s) { s.bandwidth = bytes_per_second; }); });
    return *this;
}

fault_link& fault_link::pieces(std::size_t size, std::chrono::milliseconds pause) {
    core_->ask([&] {
        core_->change(way_, [&](detail::link_settings& s) {
            s.piece = size;
            s.pause = pause;
        });
    });
    return *this;
}

fault_link& fault_link::merge(std::chrono::milliseconds window) {
    core_->ask([&] { core_->change(way_, [&](auto& s) { s.window = window; }); });
    return *this;
}

fault_link& fault_link::stop() {
    core_->ask([&] { core_->change(way_, [](auto& s) { s.stopped = true; }); });
    return *this;
}

fault_link& fault_link::resume() {
    core_->ask([&] { core_->resume(way_); });
    return *this;
}

fault_link& fault_link::heal() {
    core_->ask([&] { core_->heal(way_); });
    return *this;
}

fault_point fault_link::point(std::shared_ptr<fault_rule> rule) const {
    rule->way = way_;
    return fault_point{core_, std::move(rule)};
}

fault_point fault_link::at_byte(std::uint64_t offset) const {
    auto rule = std::make_shared<fault_rule>();
    rule->position = offset;
    return point(std::move(rule));
}

fault_point fault_link::at_any_message(std::uint64_t k) const {
    auto rule = std::make_shared<fault_rule>();
    rule->counts = fault_rule::unit::any_message;
    rule->position = k;
    return point(std::move(rule));
}

fault_point fault_link::at_message(char type, std::uint64_t k) const { return at_message_with(type, {}, k); }

fault_point fault_link::at_message_with(char type, std::string text, std::uint64_t k) const {
    auto rule = std::make_shared<fault_rule>();
    rule->counts = fault_rule::unit::message;
    rule->type = type;
    rule->holding = std::move(text);
    rule->position = k;
    return point(std::move(rule));
}

fault_cut fault_link::after_message(char type, std::uint64_t k) const {
    auto at = at_message(type, k);
    at.rule_->behind = true;
    return fault_cut{at};
}

// ---- the proxy

namespace {

host_address first_host(std::string_view conninfo) {
    return parse_connect_config(conninfo).value().hosts().front();
}

} // namespace

fault_proxy::fault_proxy(std::string_view conninfo) : fault_proxy{conninfo, std::string{}} {}

fault_proxy::fault_proxy(std::string_view conninfo, const std::string& directory)
    : core_{std::make_shared<fault_core>(first_host(conninfo), directory)}, conninfo_{conninfo} {}

fault_proxy::fault_proxy(const host_address& server) : fault_proxy{server, std::string{}} {}

fault_proxy::fault_proxy(const host_address& server, const std::string& directory)
    : core_{std::make_shared<fault_core>(server, directory)} {}

fault_proxy::~fault_proxy() { core_->shut(); }

std::uint16_t fault_proxy::port() const noexcept { return core_->listens_on().port; }

std::string fault_proxy::url() const { return url(conninfo_); }

/// What comes later in a connection string wins.
std::string fault_proxy::url(std::string_view conninfo) const {
    const auto& own = core_->listens_on();
    const bool is_url = conninfo.find("://") != std::string_view::npos;
    const std::string between = is_url ? "&" : " ";
    std::string out{conninfo};
    if (!is_url)
        out += between;
    else
        out += conninfo.find('?') == std::string_view::npos ? "?" : between;
    return out + "host=" + own.host + between + "port=" + std::to_string(own.port);
}

fault_link fault_proxy::to_server() const { return link(direction::to_server); }
fault_link fault_proxy::to_client() const { return link(direction::to_client); }
fault_link fault_proxy::link(direction way) const { return fault_link{core_, way}; }

void fault_proxy::stop() {
    to_server().stop();
    to_client().stop();
}

void fault_proxy::resume() {
    to_server().resume();
    to_client().resume();
}

void fault_proxy::arrivals(arrival what) {
    core_->ask([&] { core_->arrivals(what); });
}

void fault_proxy::cut() {
    core_->ask([&] { core_->cut(); });
}

void fault_proxy::hang_up() {
    core_->ask([&] { core_->hang_up(); });
}

void fault_proxy::heal() {
    to_server().heal();
    to_client().heal();
    arrivals(arrival::forward);
}

fault_counts fault_proxy::counts() const { return core_->counts(); }

bool fault_proxy::wait_for(const std::function<bool(const fault_counts&)>& holds,
                           std::chrono::milliseconds limit) const {
    return core_->wait_for(holds, limit);
}

} // namespace tusk::testing
