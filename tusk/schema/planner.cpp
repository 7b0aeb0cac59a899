#include <algorithm>

#include <tusk/core/error.hpp>
#include <tusk/schema/plan.hpp>
#include <tusk/schema/recipes.hpp>
#include <tusk/schema/steps.hpp>

namespace tusk::schema {

namespace {

bool is_skipped(const detail::step& s, const plan_options& how) {
    if (how.skipped().empty()) return false;
    const auto kind = std::string{name_of(s.of->either().kind)};
    const auto change = std::string{name_of(s.of->kind)};
    return how.skipped().count(kind) > 0 || how.skipped().count(change) > 0 ||
           how.skipped().count(change + "_" + kind) > 0;
}

/// Bodies of functions may name what is made later.
void allow_any_bodies(std::vector<statement>& all) {
    const bool any = std::any_of(all.begin(), all.end(), [](const statement& s) {
        return s.change != "drop" &&
               (s.about.rfind("function:", 0) == 0 || s.about.rfind("procedure:", 0) == 0);
    });
    if (!any) return;
    statement off;
    off.sql = "SET check_function_bodies = off";
    off.change = "session";
    all.insert(all.begin(), std::move(off));
}

} // namespace

plan make_plan(const model& from, const model& to, const plan_options& how) {
    const difference all{from, to, how.upgrades_extensions()};
    if (all.empty()) return {{}, from.fingerprint(), to.fingerprint()};
    const detail::steps steps{all};
    detail::recipes write{all, steps, how};
    for (const auto at : steps.order())
        if (!is_skipped(steps.all()[at], how)) write.write(steps.all()[at]);
    auto statements = write.take();
    if (!how.is_online())
        for (auto& s : statements)
            if (s.about.rfind("enum_type:", 0) != 0) s.alone = false;
    for (const auto& s : statements)
        for (const auto h : s.hazards)
            if (how.refused().count(h) > 0)
                throw error{errc::invalid_configuration, "the plan has the hazard " +
                                                             std::string{name_of(h)} +
                                                             ", which is refused: " + s.sql};
    allow_any_bodies(statements);
    return {std::move(statements), from.fingerprint(), to.fingerprint()};
}

} // namespace tusk::schema
