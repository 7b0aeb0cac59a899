#include <tusk/migrate/migrator.hpp>

namespace tusk::blocking {

namespace {

migrate::apply_report thrown(migrate::apply_report r) {
    throw_if(r.problem);
    return r;
}

} // namespace

migrator::migrator(migrate::directory files, std::string_view url)
    : migrator{std::move(files), parse_connect_config(url).value()} {}

migrator::migrator(migrate::directory files, connect_config target)
    : files_{std::move(files)}, target_{std::move(target)} {}

migrate::apply_report migrator::apply(const migrate::apply_options& o) const { return thrown(try_apply(o)); }

migrate::apply_report migrator::try_apply(const migrate::apply_options& o) const {
    return migrate::run_apply(files_, target_, o);
}

migrate::apply_report migrator::down(const migrate::down_options& o) const { return thrown(try_down(o)); }

migrate::apply_report migrator::try_down(const migrate::down_options& o) const {
    return migrate::run_down(files_, target_, o);
}

migrate::status_report migrator::status(const migrate::apply_options& o) const {
    return try_status(o).value();
}

result<migrate::status_report> migrator::try_status(const migrate::apply_options& o) const {
    return migrate::run_status(files_, target_, o);
}

void migrator::set(const std::optional<std::string>& version, const migrate::apply_options& o) const {
    throw_if(try_set(version, o));
}

failure migrator::try_set(const std::optional<std::string>& version, const migrate::apply_options& o) const {
    return migrate::run_set(files_, target_, version, o);
}

} // namespace tusk::blocking
