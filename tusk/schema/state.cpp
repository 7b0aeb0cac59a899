#include <tusk/schema/state.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <boost/json/parse.hpp>

#include <tusk/schema/identifier.hpp>

namespace tusk::schema {

namespace fs = std::filesystem;

namespace {

std::string contents_of(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream out;
    if (in) out << in.rdbuf();
    if (!in) throw error{errc::environment, "cannot read " + path.string()};
    return out.str();
}

bool has_prefix(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

/// Loads statements, each as soon as what it needs is there.
class loader {
public:
    loader(blocking::connection& on, bool own_server) : on_{on}, own_{own_server} {}

    struct item {
        const std::string* file;
        const script_statement* what;
        failure why;
    };

    void load(std::vector<item> waiting) {
        while (!waiting.empty()) {
            std::vector<item> left;
            for (auto& each : waiting)
                if (!run(each)) left.push_back(std::move(each));
            if (left.size() == waiting.size()) {
                if (bodies_unchecked_) refuse(left.front());
                // Bodies that name what never comes are the author's affair.
                throw_if(on_.try_script("set check_function_bodies = off"));
                bodies_unchecked_ = true;
            }
            waiting = std::move(left);
        }
    }

private:
    bool run(item& each) {
        for (int repairs = 0; repairs < 20; ++repairs) {
            each.why = on_.try_script(each.what->text);
            if (!each.why) return true;
            if (!on_.is_open()) throw error{each.why};
            const auto* said = each.why.server();
            if (said == nullptr) throw error{each.why};
            if (own_ && make_missing_role(on_, each.why)) continue;
            if (said->sqlstate == "3F000" && make_current_schema()) continue;
            return false;
        }
        return false;
    }

    /// A script that works in a schema by its search_path may leave making it to others.
    bool make_current_schema() {
        const auto text = std::string{on_.query("select current_setting('search_path')")[0][0].text()};
        std::string_view rest = text;
        const auto name = take_identifier(rest);
        return !name.empty() && !on_.try_script("create schema " + quote_identifier(name));
    }

    [[noreturn]] static void refuse(const item& first) {
        auto why = first.why;
        why.add_context(*first.file + ":" + std::to_string(first.what->line));
        throw error{std::move(why)};
    }

    blocking::connection& on_;
    bool own_;
    bool bodies_unchecked_ = false;
};

void take(state& out, blocking::connection& db, const scope& of) {
    out.whole = inspect(db);
    out.objects = restricted(out.whole, of);
    out.limits = of;
    out.unmanaged = unmanaged(db);
    out.owns_database =
        db.query("select (pg_get_userbyid(datdba) = current_user)::text from pg_database where "
                 "datname = current_database()")[0][0]
            .text() == "true";
}

} // namespace

scratch_server& state_reader::scratch() {
    if (server_) return *server_;
    if (where_ == "embedded://" && major_ > 0) {
        try {
            server_ = std::make_unique<scratch_server>(where_ + std::to_string(major_));
            return *server_;
        } catch (const error& e) {
            if (e.code() != errc::environment) throw;
        }
    }
    server_ = std::make_unique<scratch_server>(where_);
    return *server_;
}

state state_reader::load(const std::vector<part>& parts, const scope& of) {
    state out;
    out.loaded_in = std::make_shared<scratch_database>(scratch().create());
    auto db = out.loaded_in->connect();
    std::vector<loader::item> all;
    for (const auto& each : parts) {
        for (const auto& statement : each.statements) all.push_back({&each.name, &statement, {}});
        for (auto& hint : rename_hints(each.statements)) out.hints.push_back(std::move(hint));
    }
    loader{db, out.loaded_in->is_on_own_server()}.load(std::move(all));
    take(out, db, of);
    return out;
}

state state_reader::read_sql(std::string_view sql, const scope& of) {
    return load({{"SQL", split_script(sql)}}, of);
}

state state_reader::read(blocking::connection& on, const scope& of) {
    state out;
    take(out, on, of);
    if (major_ == 0) major_ = out.whole.major_version();
    return out;
}

state state_reader::read(std::shared_ptr<scratch_database> made, const scope& of) {
    state out;
    auto db = made->connect();
    take(out, db, of);
    out.loaded_in = std::move(made);
    return out;
}

state state_reader::read(std::string_view source, const scope& of) {
    if (has_prefix(source, "empty://")) return load({}, of);
    const bool is_file = has_prefix(source, "file://");
    const auto path = fs::path{is_file ? source.substr(7) : source};
    if (!is_file && !fs::exists(path)) {
        auto db = blocking::connection::open(parse_connect_config(source, environment::process()).value());
        return read(db, of);
    }
    if (fs::is_directory(path)) {
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator{path})
            if (entry.path().extension() == ".sql") files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        std::vector<part> parts;
        for (const auto& file : files) parts.push_back({file.string(), split_script(contents_of(file))});
        return load(parts, of);
    }
    if (path.extension() == ".json") {
        const auto value = boost::json::parse(contents_of(path));
        if (!value.is_object())
            throw error{errc::invalid_argument, path.string() + " is no snapshot of a schema"};
        state out;
        out.whole = from_json(value.get_object());
        out.objects = restricted(out.whole, of);
        out.limits = of;
        return out;
    }
    return load({{path.string(), split_script(contents_of(path))}}, of);
}

} // namespace tusk::schema
