// What a user's first program does: include, call, link, run.
#include <cstdio>

#include <tusk/core/error.hpp>

int main() {
    const auto state = tusk::sqlstate::parse("23505");
    if (!state) return 1;
    const std::error_code code = tusk::make_error_code(*state);
    std::printf("%s is %s\n", code.message().c_str(),
                code == tusk::condition::duplicate ? "a duplicate" : "something else");
}
