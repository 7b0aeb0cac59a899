#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include <tusk/orm/fixtures.hpp>
#include <tusk/testing/database_options.hpp>

namespace tusk::testing {

/// A step that loads a file of fixtures (docs/orm-fixtures.md) for these models into the template:
/// `o.add(fixture_file<user, post>("tests/blog.yml"))`. The file's content is a part of the template's key.
template <orm::model... T>
database_options::step fixture_file(std::filesystem::path file) {
    return {"fixtures " + file.string(), [file] { return orm::detail::fixture_file_text(file); },
            [file](const std::string& url) {
                auto db = blocking::connection::open(url);
                orm::fixtures f;
                f.models<T...>().file(file);
                static_cast<void>(f.load(db));
            }};
}

/// The same from a text.
template <orm::model... T>
database_options::step fixture_text(std::string yaml) {
    return {"fixtures", [yaml] { return yaml; },
            [yaml](const std::string& url) {
                auto db = blocking::connection::open(url);
                orm::fixtures f;
                f.models<T...>().text(yaml);
                static_cast<void>(f.load(db));
            }};
}

} // namespace tusk::testing
