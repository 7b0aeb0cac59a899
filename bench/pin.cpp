#include <bench/workload.hpp>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <sched.h>

namespace bench {

namespace {

void pin(unsigned cpu, int pid, const char* whom) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(pid, sizeof set, &set) != 0)
        throw std::runtime_error{"--pin: " + std::string{whom} + " cannot be put on CPU " +
                                 std::to_string(cpu) + ": " + std::strerror(errno)};
}

} // namespace

void pin_together(unsigned cpu, int backend) {
    // The number may mean somebody else when the server runs on another machine or in a container.
    std::string name;
    std::getline(std::ifstream{"/proc/" + std::to_string(backend) + "/comm"}, name);
    if (!name.starts_with("postgres"))
        throw std::runtime_error{"--pin: the server's process " + std::to_string(backend) +
                                 " is not on this machine"};
    pin(cpu, 0, "this process");
    pin(cpu, backend, "the server's process (only its owner and root may move it)");
}

} // namespace bench
