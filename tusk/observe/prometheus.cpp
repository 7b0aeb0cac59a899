#include <tusk/observe/prometheus.hpp>

#include <charconv>
#include <cmath>

namespace tusk::observe {

namespace {

template <class Number>
std::string to_text(Number value) {
    if constexpr (std::is_floating_point_v<Number>) {
        if (std::isnan(value)) return "NaN";
        if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    }
    char buffer[32]; // the shortest form of a double needs 24
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

/// Backslash and line feed are escaped everywhere, the quote only inside of quotes.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quoted)
            out += "\\\"";
        else
            out += c;
    }
}

std::string_view type_name(instrument_kind kind) noexcept {
    switch (kind) {
    case instrument_kind::counter: return "counter";
    case instrument_kind::gauge: return "gauge";
    case instrument_kind::histogram: return "histogram";
    }
    return "untyped";
}

class encoder {
public:
    encoder(const family_snapshot& family, std::string& out) : family_{family}, out_{out} {}

    void run() {
        out_.append("# HELP ").append(family_.name).append(" ");
        append_escaped(out_, family_.help, false);
        out_.append("\n# TYPE ")
            .append(family_.name)
            .append(" ")
            .append(type_name(family_.kind))
            .append("\n");
        for (const auto& one : family_.samples)
            std::visit([&](const auto& value) { write(one, value); }, one.value);
    }

private:
    template <class Number>
    void write(const sample& of, Number value) {
        line(of, "", "", to_text(value));
    }

    void write(const sample& of, const histogram_values& value) {
        for (std::size_t i = 0; i < value.bounds.size(); ++i)
            line(of, "_bucket", to_text(value.bounds[i]), to_text(value.cumulative[i]));
        line(of, "_bucket", "+Inf", to_text(value.count()));
        line(of, "_sum", "", to_text(value.sum));
        line(of, "_count", "", to_text(value.count()));
    }

    void line(const sample& of, std::string_view suffix, std::string_view bound, std::string_view value) {
        out_.append(family_.name).append(suffix);
        char before = '{';
        for (std::size_t i = 0; i < of.labels.size(); ++i)
            label_pair(before, family_.label_names[i], of.labels[i]);
        if (!bound.empty()) label_pair(before, "le", bound);
        if (before == ',') out_ += '}';
        out_.append(" ").append(value).append("\n");
    }

    void label_pair(char& before, std::string_view name, std::string_view value) {
        out_ += before;
        out_.append(name).append("=\"");
        append_escaped(out_, value, true);
        out_ += '"';
        before = ',';
    }

    const family_snapshot& family_;
    std::string& out_;
};

} // namespace

std::string to_prometheus(const snapshot& from) {
    std::string out;
    for (const auto& family : from.families()) encoder{family, out}.run();
    return out;
}

std::string to_prometheus(const registry& from) { return to_prometheus(from.collect()); }

} // namespace tusk::observe
