#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include <cli/app.hpp>

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const tusk::cli::streams to{std::cout, std::cerr, ::isatty(STDOUT_FILENO) == 1,
                                ::isatty(STDERR_FILENO) == 1};
    return static_cast<int>(tusk::cli::run(arguments, to, tusk::environment::process()));
}
