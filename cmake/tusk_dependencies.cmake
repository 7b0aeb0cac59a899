# Packages of Debian 12 (scripts/setup installs them).

# A project that adds Tusk with add_subdirectory links these targets too, so it has to see them.
if(NOT PROJECT_IS_TOP_LEVEL)
    set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS system json url)
find_package(yaml-cpp REQUIRED)
if(TUSK_BUILD_PROGRAMS OR TUSK_BUILD_TESTS)
    find_package(fmt REQUIRED)
    find_package(spdlog REQUIRED)
    find_package(CLI11 REQUIRED)
    find_package(ZLIB REQUIRED)
endif()
if(TUSK_BUILD_TESTS)
    find_package(GTest REQUIRED)
endif()

# SASLprep for SCRAM passwords.
find_package(PkgConfig REQUIRED)
pkg_check_modules(libidn REQUIRED IMPORTED_TARGET GLOBAL libidn)
