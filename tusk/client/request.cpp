#include <tusk/client/request.hpp>

#include <algorithm>

namespace tusk {

namespace detail {

failure argument_failure(codec_errc code, std::size_t index, type_ref type, std::string_view cpp_type) {
    return conversion_failure(code, "argument $" + std::to_string(index + 1), type, cpp_type);
}

failure argument_count_failure(std::size_t wanted, std::size_t given) {
    return failure{errc::parameter_count, "the statement has " + std::to_string(wanted) +
                                              (wanted == 1 ? " parameter, " : " parameters, ") +
                                              std::to_string(given) +
                                              (given == 1 ? " argument was given" : " arguments were given")};
}

} // namespace detail

failure request::arguments_for(const protocol::description_ptr& description, wire::bound_values& out,
                               detail::call_types& types) {
    if (encoded_for_ != description.get()) {
        if (deferred_) {
            if (auto f = deferred_->encode(arguments_, description->parameters, types)) return f;
        } else if (count_ != description->parameters.size()) {
            return detail::argument_count_failure(description->parameters.size(), count_);
        } else if (count_ > 0 && known_.description->parameters != description->parameters) {
            // Encoded for a description that has become stale; the values are not kept any more.
            failure f{errc::type_mismatch,
                      "the statement's parameter types changed since it was described; call it "
                      "again"};
            f.set_sent(sent_state::none, retry_advice::safe);
            return f;
        }
        encoded_for_ = description.get();
        keep_alive_ = description;
    }
    out = arguments_.bound();
    return {};
}

failure request::text_arguments(wire::bound_values& out) {
    const std::vector<oid_t> unknown(count_);
    detail::call_types nothing;
    if (deferred_) {
        if (auto f = deferred_->encode(arguments_, unknown, nothing)) return f;
    } else if (count_ != 0) {
        failure f{
            errc::invalid_argument,
            "the arguments were encoded for a described statement; say mode(exec_mode::exec) at the call"};
        f.set_sent(sent_state::none, retry_advice::never);
        return f;
    }
    out = arguments_.bound();
    return {};
}

void client_sink::on_columns(const std::vector<wire::column_description>& columns) {
    if (has_failed()) return;
    text_description_ = protocol::statement_description::of_text(columns);
    std::span<const std::int16_t> formats;
    failure_ = prepare(text_description_, formats);
}

void client_sink::on_complete(const wire::command_tag& tag) {
    rows_ = tag.rows;
    const auto word = tag.command();
    command_size_ = std::min(word.size(), sizeof command_);
    std::copy_n(word.data(), command_size_, command_);
}

} // namespace tusk
