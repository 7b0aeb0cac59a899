#include <tusk/observe/snapshot.hpp>

#include <algorithm>

#include <tusk/observe/detail/label_guard.hpp>
#include <tusk/observe/detail/names.hpp>

namespace tusk::observe {

namespace {

template <class Number>
void add_to(Number& sum, const Number& more) {
    sum += more;
}

void add_to(histogram_values& sum, const histogram_values& more) { sum.add(more); }

} // namespace

void snapshot::sort() {
    for (auto& family : families_) std::ranges::sort(family.samples, {}, &sample::labels);
    std::ranges::sort(families_, {}, &family_snapshot::name);
}

family_snapshot& snapshot::family_of(instrument_kind kind, std::string_view name, std::string_view help,
                                     std::span<const label> labels) {
    std::vector<std::string_view> label_names;
    for (const auto& l : labels) label_names.push_back(l.name);
    for (auto& family : families_) {
        if (family.name != name) continue;
        detail::check_same_family(name, family.kind == kind,
                                  std::ranges::equal(family.label_names, label_names));
        return family;
    }
    detail::check_family(kind, name, help, label_names);
    families_.push_back({std::string{name},
                         std::string{help},
                         kind,
                         {label_names.begin(), label_names.end()},
                         {},
                         {},
                         false});
    return families_.back();
}

void snapshot::add(instrument_kind kind, std::string_view name, std::string_view help,
                   std::span<const label> labels, number value) {
    auto& family = family_of(kind, name, help, labels);
    std::vector<std::string> values;
    for (const auto& l : labels)
        values.emplace_back(detail::is_exposable(l.value) ? l.value : detail::other_value);
    const auto same = std::ranges::find(family.samples, values, &sample::labels);
    if (same == family.samples.end())
        family.samples.push_back({std::move(values), std::move(value)});
    else
        std::visit([&]<class N>(const N& n) { add_to(std::get<N>(same->value), n); }, value);
}

} // namespace tusk::observe
