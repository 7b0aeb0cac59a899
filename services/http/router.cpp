#include <services/http/router.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <tusk/core/error.hpp>

namespace tusk::http {

namespace {

std::vector<std::string_view> split_segments(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

/// One segment of a pattern, taken apart.
class pattern_segment {
public:
    enum class kind { literal, parameter, rest };

    explicit pattern_segment(std::string_view text) : name_{text} {
        if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
            name_ = text.substr(1, text.size() - 2);
            kind_ = name_.ends_with("...") ? kind::rest : kind::parameter;
            if (kind_ == kind::rest) name_.remove_suffix(3);
        }
        const bool braces = name_.find_first_of("{}") != std::string_view::npos;
        valid_ = !braces && (kind_ == kind::literal || !name_.empty());
    }

    kind type() const noexcept { return kind_; }
    std::string_view name() const noexcept { return name_; }
    bool valid() const noexcept { return valid_; }

private:
    std::string_view name_;
    kind kind_ = kind::literal;
    bool valid_ = true;
};

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_body(const request& of) {
    if (!of.body().empty() || of.header("Transfer-Encoding")) return true;
    return of.header("Content-Length").value_or("0") != "0";
}

bool content_type_accepted(const request& of, const std::vector<std::string>& accepted) {
    if (accepted.empty() || !has_body(of)) return true;
    const auto header = of.header("Content-Type").value_or("");
    const auto type = trim(header.substr(0, header.find(';')));
    return std::any_of(accepted.begin(), accepted.end(), [&](const auto& one) { return iequals(one, type); });
}

std::string join_methods(std::set<std::string, std::less<>> methods) {
    if (methods.contains("GET")) methods.insert("HEAD");
    methods.insert("OPTIONS");
    std::string joined;
    for (const auto& method : methods) joined += (joined.empty() ? "" : ", ") + method;
    return joined;
}

[[noreturn]] void refuse_pattern(std::string_view pattern, std::string_view why) {
    throw error{errc::invalid_argument, "route pattern " + std::string{pattern} + ": " + std::string{why}};
}

} // namespace

/// A segment of the patterns: a tree, so that a lookup visits each node once at most.
struct router::node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> literals;
    std::unique_ptr<node> parameter;
    std::vector<std::unique_ptr<route>> here; ///< Of patterns that end here, one for each method.
    std::vector<std::unique_ptr<route>> rest; ///< Of patterns that go on with `{name...}`.
};

/// One lookup: depth first, the most specific branch first, until a branch has the method.
class router::search {
public:
    search(std::string_view method, std::vector<std::string> segments)
        : method_{method}, segments_{std::move(segments)} {}

    const route* run(const node& root) {
        walk(root, 0);
        return found_;
    }
    const std::vector<std::string>& values() const noexcept { return values_; }
    const std::set<std::string, std::less<>>& methods() const noexcept { return methods_; }

private:
    bool walk(const node& at, std::size_t index) {
        if (index == segments_.size()) return pick(at.here);
        const auto& segment = segments_[index];
        const auto literal = at.literals.find(segment);
        if (literal != at.literals.end() && walk(*literal->second, index + 1)) return true;
        if (at.parameter && !segment.empty()) {
            values_.push_back(segment);
            if (walk(*at.parameter, index + 1)) return true;
            values_.pop_back();
        }
        if (!pick(at.rest)) return false;
        std::string rest = segment;
        for (std::size_t i = index + 1; i < segments_.size(); ++i) rest += "/" + segments_[i];
        values_.push_back(std::move(rest));
        return true;
    }

    bool pick(const std::vector<std::unique_ptr<route>>& routes) {
        const route* get = nullptr;
        for (const auto& candidate : routes) {
            methods_.insert(candidate->method());
            if (candidate->method() == method_) found_ = candidate.get();
            if (candidate->method() == "GET") get = candidate.get();
        }
        if (!found_ && method_ == "HEAD") found_ = get;
        return found_ != nullptr;
    }

    std::string_view method_;
    std::vector<std::string> segments_;
    std::vector<std::string> values_;
    std::set<std::string, std::less<>> methods_;
    const route* found_ = nullptr;
};

router::router() : root_{std::make_unique<node>()} {}
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;
router::~router() = default;

route& router::add(std::string_view method, std::string_view pattern, handler run) {
    if (method.empty() || !run) refuse_pattern(pattern, "a route needs a method and a handler");
    if (pattern.empty() || pattern.front() != '/') refuse_pattern(pattern, "must begin with a slash");

    auto made = std::make_unique<route>(std::string{method}, std::string{pattern}, std::move(run));
    auto* at = root_.get();
    auto* end = &at->here;
    for (const auto text : split_segments(pattern)) {
        const pattern_segment segment{text};
        if (!segment.valid()) refuse_pattern(pattern, "a parameter is a whole segment, {name} or {name...}");
        if (end == &at->rest) refuse_pattern(pattern, "{name...} must come last");
        if (segment.type() != pattern_segment::kind::literal) {
            auto& names = made->parameters_;
            if (std::find(names.begin(), names.end(), segment.name()) != names.end())
                refuse_pattern(pattern, "two parameters of one name");
            names.emplace_back(segment.name());
        }
        if (segment.type() == pattern_segment::kind::rest) {
            end = &at->rest;
            continue;
        }
        auto& child = segment.type() == pattern_segment::kind::parameter
                          ? at->parameter
                          : at->literals[std::string{segment.name()}];
        if (!child) child = std::make_unique<node>();
        at = child.get();
        end = &at->here;
    }
    for (const auto& other : *end)
        if (other->method() == method) refuse_pattern(pattern, "is there already as " + other->pattern());
    return *end->emplace_back(std::move(made));
}

router& router::use(middleware wrap) {
    if (!wrap) throw error{errc::invalid_argument, "empty middleware"};
    middleware_.push_back(std::move(wrap));
    return *this;
}

resolution router::resolve(request& of) const {
    resolution where;
    of.route_.clear();
    of.params_.clear();
    const auto path = of.encoded_path();
    if (path == "*") { // asks about the server, not about a path: RFC 9110 section 9.3.7
        where.status_ = of.method() == "OPTIONS" ? 204 : 404;
        return where;
    }
    if (path.empty()) return where;

    std::vector<std::string> segments;
    for (const auto encoded : split_segments(path)) {
        auto segment = percent_decode(encoded);
        if (!segment) return where;
        segments.push_back(std::move(*segment));
    }
    search lookup{of.method(), std::move(segments)};
    where.route_ = lookup.run(*root_);
    if (where.route_) {
        of.route_ = where.route_->pattern();
        for (std::size_t i = 0; i < lookup.values().size(); ++i)
            of.params_.emplace_back(where.route_->parameters_[i], lookup.values()[i]);
        where.status_ = content_type_accepted(of, where.route_->accepted_) ? 0 : 415;
    } else if (!lookup.methods().empty()) {
        where.status_ = of.method() == "OPTIONS" ? 204 : 405;
        where.allow_ = join_methods(lookup.methods());
    }
    return where;
}

boost::asio::awaitable<response> router::handle(request& of, const resolution& where) const {
    return step(0, of, where);
}

boost::asio::awaitable<response> router::handle(request& of) const {
    const auto where = resolve(of);
    co_return co_await step(0, of, where);
}

boost::asio::awaitable<response> router::step(std::size_t index, request& of, const resolution& where) const {
    if (index < middleware_.size()) {
        next onward{*this, where, index + 1};
        co_return co_await middleware_[index](of, onward);
    }
    if (where.status() == 0) co_return co_await where.route_->run_(of);
    co_return router_response(of, where);
}

boost::asio::awaitable<response> next::operator()(request& from) const {
    return owner_->step(index_, from, *where_);
}

response router_response(const request& of, const resolution& where) {
    switch (where.status()) {
    case 204: {
        auto answer = response::empty();
        if (!where.allow().empty()) answer.set_header("Allow", where.allow());
        return answer;
    }
    case 405: {
        auto answer =
            error_response(405, "METHOD_NOT_ALLOWED", "The resource does not have this method.", of.id());
        answer.set_header("Allow", where.allow());
        return answer;
    }
    case 415:
        return error_response(415, "UNSUPPORTED_MEDIA_TYPE", "The resource does not take this content type.",
                              of.id());
    default: return error_response(404, "NOT_FOUND", "There is no such resource.", of.id());
    }
}

} // namespace tusk::http
