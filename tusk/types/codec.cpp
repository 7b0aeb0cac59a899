#include <tusk/types/codec.hpp>

namespace tusk {

failure conversion_failure(codec_errc code, std::string_view where, oid_t type, std::string_view cpp_type) {
    std::string message{where};
    switch (code) {
    case codec_errc::ok: return {};
    case codec_errc::null_value:
        message += " is NULL, but its field is a plain ";
        message += cpp_type;
        message += "; make the field std::optional";
        return failure{errc::null_value, std::move(message)};
    case codec_errc::wrong_type:
        message += " has type ";
        message += type_name(type);
        message += ", which does not convert to or from ";
        message += cpp_type;
        return failure{errc::type_mismatch, std::move(message)};
    case codec_errc::out_of_range:
        message += ": the value does not fit (SQL type ";
        message += type_name(type);
        message += ", C++ type ";
        message += cpp_type;
        message += ")";
        return failure{errc::value_out_of_range, std::move(message)};
    case codec_errc::malformed:
        message += ": the server sent bytes that are not a value of type ";
        message += type_name(type);
        return failure{errc::malformed_value, std::move(message)};
    }
    return failure{errc::malformed_value, std::move(message)};
}

} // namespace tusk
