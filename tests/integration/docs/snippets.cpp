#include "snippets.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace docs_test {

namespace {

/// Words with single blanks between them: indentation and the alignment of comments do not count.
std::string squeezed(const std::string& line) {
    std::istringstream in{line};
    std::string out;
    for (std::string word; in >> word;) out += (out.empty() ? "" : " ") + word;
    return out;
}

bool is_cpp_fence(const std::string& line) {
    return line.starts_with("```cpp") || line.starts_with("```c++") || line.starts_with("```C++");
}

bool is_include(const std::string& line) { return line.starts_with("#include "); }

/// An include without the comment behind it.
std::string header_of(const std::string& line) { return line.substr(0, line.find_first_of(">\"", 10) + 1); }

snippet made_of(std::size_t line, const std::vector<std::string>& all) {
    snippet s;
    s.line = line;
    const auto code = std::find_if_not(all.begin(), all.end(), is_include);
    std::transform(all.begin(), code, std::back_inserter(s.includes), header_of);
    s.lines.assign(code, all.end());
    return s;
}

} // namespace

std::vector<std::string> lines_of(std::string_view text) {
    std::istringstream in{std::string{text}};
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        if (auto words = squeezed(line); !words.empty()) out.push_back(std::move(words));
    return out;
}

std::vector<snippet> snippets_of(std::string_view page) {
    std::istringstream in{std::string{page}};
    std::vector<snippet> out;
    std::vector<std::string> inside;
    std::size_t begun = 0; // 0: outside of a block
    std::size_t number = 0;
    for (std::string line; std::getline(in, line);) {
        ++number;
        auto words = squeezed(line);
        if (begun == 0) {
            if (is_cpp_fence(words)) begun = number;
        } else if (words == "```") {
            out.push_back(made_of(begun, inside));
            inside.clear();
            begun = 0;
        } else if (!words.empty()) {
            inside.push_back(std::move(words));
        }
    }
    if (begun != 0) throw std::runtime_error{"the block in line " + std::to_string(begun) + " does not end"};
    return out;
}

bool shows(const std::vector<std::string>& source, const snippet& what) {
    const auto has_include = [&](const std::string& header) {
        return std::any_of(source.begin(), source.end(),
                           [&](const std::string& line) { return header_of(line) == header; });
    };
    return std::all_of(what.includes.begin(), what.includes.end(), has_include) &&
           std::search(source.begin(), source.end(), what.lines.begin(), what.lines.end()) != source.end();
}

std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory,
                                               const std::vector<std::string>& extensions) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{directory})
        if (entry.is_regular_file() && std::find(extensions.begin(), extensions.end(),
                                                 entry.path().extension().string()) != extensions.end())
            out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

std::string contents(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::stringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error{file.string() + " cannot be read"};
    return text.str();
}

} // namespace docs_test
