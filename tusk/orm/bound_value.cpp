#include <tusk/orm/bound_value.hpp>

namespace tusk::orm {

namespace detail {

void append_quoted(std::string& out, std::string_view text) {
    out += '\'';
    for (const char c : text) {
        if (c == '\'') out += '\'';
        if (c != '\0') out += c; // no text has it; this is for people to read
    }
    out += '\'';
}

} // namespace detail

template <class Find>
failure bound_arguments::encode_all(parameters& out, const std::vector<oid_t>& types, Find find) const {
    out.clear();
    for (std::size_t i = 0; i < values_.size(); ++i) {
        type_ref type = types[i];
        if (!values_[i].ignores_type_info()) type = find(types[i]);
        const auto code = values_[i].encode(out, type);
        if (code != codec_errc::ok)
            return tusk::detail::argument_failure(code, i, type, values_[i].cpp_type());
    }
    return {};
}

bool bound_arguments::needs_catalog(const std::vector<oid_t>& types) const noexcept {
    if (types.size() != values_.size()) return false; // an error either way
    for (std::size_t i = 0; i < values_.size(); ++i)
        if (!values_[i].ignores_type_info() && types[i] >= oid::first_assigned) return true;
    return false;
}

failure bound_arguments::encode(parameters& out, const std::vector<oid_t>& types,
                                tusk::detail::call_types& known) {
    if (types.size() != values_.size())
        return tusk::detail::argument_count_failure(types.size(), values_.size());
    if (!needs_catalog(types)) return encode_all(out, types, [](oid_t type) { return type_ref{type}; });
    auto& scope = known.scope();
    const auto look_up = [&](oid_t type) { return scope.find(type); };
    auto f = encode_all(out, types, look_up);
    if (f && f.code() == errc::type_mismatch && known.renew()) f = encode_all(out, types, look_up);
    return scope.unknown().empty() ? f : tusk::detail::unknown_types_failure();
}

} // namespace tusk::orm
