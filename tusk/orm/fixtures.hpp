#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tusk/orm/run.hpp>

/// Rows for tests and first steps, from YAML:
///
///     - model: user
///       rows:
///         - _id: ann
///           name: Ann
///           created_at: '{{ now }}'
///     - model: post
///       rows:
///         - title: First
///           user_id: '{{ user.ann.id }}'
namespace tusk::orm {

/// What becomes of rows that are there.
enum class fixture_mode : std::uint8_t {
    insert,   ///< They stay; the same key is an error.
    upsert,   ///< The same key is updated.
    truncate, ///< The tables of the fixtures, and those that refer to them, are emptied first.
    recreate, ///< The tables of the fixtures are dropped, with what depends on them, and made of the models.
};

namespace detail {

/// JSON text with places for what is only known when the rows are loaded.
struct fixture_segment {
    std::string text; ///< JSON, or "user.ann.id", or a function's name.
    bool is_place = false;
};
struct fixture_value {
    const column_info* column = nullptr;
    std::vector<fixture_segment> json;
    std::size_t line = 0;
};
struct fixture_row {
    const table_info* table = nullptr;
    std::string label; ///< "ann"; empty without `_id`.
    std::string where; ///< "users.yml:3"
    std::vector<fixture_value> values;
};

using fixture_functions = std::map<std::string, std::function<std::string()>, std::less<>>;

/// What is to be loaded.
struct fixture_plan {
    std::vector<const table_info*> models;
    std::vector<fixture_row> rows;
    fixture_functions functions;
    fixture_mode mode = fixture_mode::insert;
};

/// Reads YAML. Throws `tusk::error` (`errc::invalid_argument`) that says file and line.
void read_fixtures(fixture_plan& into, std::string_view yaml, const std::string& file);
std::string fixture_file_text(const std::filesystem::path& file);

} // namespace detail

/// What fixtures became in the database.
class loaded_fixtures {
public:
    std::uint64_t rows() const noexcept { return rows_; }
    /// A column of a row, as the server has it: `text("user.ann.id")`. Nothing for NULL. Throws
    /// `errc::not_found` when there is no such row or column.
    const std::optional<std::string>& text(std::string_view path) const;
    /// The same as a value. A NULL, and a text that is none of these, are `errc::invalid_argument`.
    template <class T>
    T get(std::string_view path) const {
        const auto& found = text(path);
        T out{};
        if (!found || codec<T>::decode_text(codec<T>::natural, *found, out) != codec_errc::ok)
            throw error{errc::invalid_argument,
                        std::string{path} + " is not a " + std::string{tusk::detail::cpp_type_name<T>()}};
        return out;
    }

    // For the loader.
    void count() noexcept { ++rows_; }
    void keep(std::string path, std::optional<std::string> value) {
        values_[std::move(path)] = std::move(value);
    }
    bool has(std::string_view path) const { return values_.find(path) != values_.end(); }

private:
    std::map<std::string, std::optional<std::string>, std::less<>> values_;
    std::uint64_t rows_ = 0;
};

namespace detail {

/// Loads rows: those that need nothing of each other travel together.
class fixture_steps final : public steps<loaded_fixtures> {
public:
    explicit fixture_steps(fixture_plan plan);
    bool next(batch& b) override;
    loaded_fixtures take() override { return std::move(done_); }
    failure explain(failure f) override;

private:
    struct asked {
        std::size_t row;
        batch_result<std::vector<std::optional<std::string>>> answer;
    };
    void ask_for_foreign_keys(batch& b);
    void sort_rows();
    void truncate(batch& b);
    void recreate(batch& b);
    void collect();
    bool is_ready(const fixture_row& row) const;
    std::string json_of(const fixture_row& row) const;
    std::string place_text(const fixture_segment& s) const;
    sql_writer statement(const fixture_row& row) const;
    void reset_sequences(batch& b);

    enum class phase : std::uint8_t { begin, sort, rows, sequences, end };
    fixture_plan plan_;
    loaded_fixtures done_;
    std::vector<const table_info*> tables_; ///< Of the rows.
    std::vector<std::size_t> order_;
    std::size_t at_ = 0;
    std::vector<asked> asked_;
    std::optional<batch_result<std::vector<std::tuple<std::int64_t, std::int64_t>>>> foreign_keys_;
    phase phase_ = phase::begin;
};

} // namespace detail

/// Fixtures that are being put together: models, functions, and files in the order in which they are read.
class fixtures {
public:
    /// The models that files may name, by their structs' names.
    template <model... T>
    fixtures& models() {
        (plan_.models.push_back(&table_of<T>), ...);
        return *this;
    }
    /// `{{ name }}` becomes what `f` says, each time. `now` is there: the server's time.
    fixtures& function(std::string_view name, std::function<std::string()> f) {
        plan_.functions[std::string{name}] = std::move(f);
        return *this;
    }
    fixtures& mode(fixture_mode m) {
        plan_.mode = m;
        return *this;
    }
    /// Throws `tusk::error` (`errc::invalid_argument`) that says file and line: what is no YAML, models and
    /// columns that are not there.
    fixtures& file(const std::filesystem::path& path) {
        detail::read_fixtures(plan_, detail::fixture_file_text(path), path.string());
        return *this;
    }
    fixtures& text(std::string_view yaml, const std::string& name = "fixtures") {
        detail::read_fixtures(plan_, yaml, name);
        return *this;
    }
    /// Loads all rows in one transaction, tables that others refer to first; then sequences go on behind the
    /// keys that are there. An error says file and line, and nothing stays of the rows.
    template <database_handle Db>
    auto load(Db& db) const {
        std::unique_ptr<detail::steps<loaded_fixtures>> work = std::make_unique<detail::fixture_steps>(plan_);
        return detail::drive_together(db, options{}, std::move(work));
    }

private:
    detail::fixture_plan plan_;
};

} // namespace tusk::orm
