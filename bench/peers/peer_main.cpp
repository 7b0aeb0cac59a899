#include <bench/peers/peer_main.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace bench {

namespace {

/// Thrown for a command line that is not understood.
class misuse : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

void read_options(int argc, char** argv, job& j) {
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string_view option = argv[i];
        const std::string value = argv[i + 1];
        if (option == "--url")
            j.url = value;
        else if (option == "--n")
            j.n = std::stoull(value);
        else if (option == "--pin")
            j.pin = static_cast<unsigned>(std::stoul(value));
        else
            throw misuse{"unknown option " + std::string{option}};
    }
}

int run(int argc, char** argv, std::string_view peer, std::span<const workload> all) {
    if (argc < 4 || argc % 2 != 0) throw misuse{"run WORKLOAD --url URL [--n N] [--pin CPU]"};
    const std::string_view name = argv[1];
    const auto found = std::ranges::find(all, name, &workload::name);
    if (found == all.end()) throw misuse{"no workload \"" + std::string{name} + "\""};
    measurement clock{false};
    job j{"", found->default_n, std::nullopt, clock};
    read_options(argc, argv, j);
    const auto ops = found->run(j);
    std::printf("%s\n", to_json(name, peer, j, ops).c_str());
    return 0;
}

} // namespace

int peer_main(int argc, char** argv, std::string_view peer, std::span<const workload> all) {
    int code = 1;
    try {
        return run(argc, argv, peer, all);
    } catch (const misuse& e) {
        code = 2;
        std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(peer.size()), peer.data(), e.what());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(peer.size()), peer.data(), e.what());
    }
    return code;
}

} // namespace bench
