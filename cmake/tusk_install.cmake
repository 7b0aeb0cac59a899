# `cmake --install`: libraries, headers, the CMake package (find_package(tusk CONFIG)) and the pkg-config files.
include(CMakePackageConfigHelpers)

get_property(parts GLOBAL PROPERTY TUSK_PARTS) # from the ground up, so reversed it is an order to link in
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/tusk)

# --- libraries and headers (programs install themselves) ----------------------------------------------------------------

foreach(part IN LISTS parts)
    get_property(directory GLOBAL PROPERTY TUSK_PART_${part}_DIRECTORY)
    install(TARGETS tusk_${part} EXPORT tuskTargets)
    # detail/ too: templates in public headers need it.
    install(DIRECTORY ${directory}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tusk/${part}
        FILES_MATCHING PATTERN *.hpp)
endforeach()
file(GLOB umbrellas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tusk/*.hpp)
install(FILES ${umbrellas} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tusk)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# --- what else the libraries need -------------------------------------------------------------------------------------

# A library that a part links, said twice: the arguments of find_dependency ("pkg-config <module>" for a library that
# has no CMake package, nothing for one that is just linked), and what pkg-config knows (a module, or `-l…`).
set(package_Boost::headers "Boost 1.81")
set(package_Boost::system "Boost 1.81 COMPONENTS system")
set(package_Boost::json "Boost 1.81 COMPONENTS json")
set(package_Boost::url "Boost 1.81 COMPONENTS url")
set(package_Boost::container "Boost 1.81 COMPONENTS container")
set(package_Threads::Threads "Threads")
set(package_OpenSSL::SSL "OpenSSL 3")
set(package_OpenSSL::Crypto "OpenSSL 3")
set(package_fmt::fmt "fmt")
set(package_spdlog::spdlog "spdlog")
set(package_yaml-cpp "yaml-cpp")
set(package_prometheus-cpp::core "prometheus-cpp")
set(package_GTest::gtest "GTest")
set(package_PkgConfig::libidn "pkg-config libidn")
set(package_pg_query "")

set(pkgconfig_Boost::headers "")
set(pkgconfig_Boost::system "") # headers alone since Boost 1.69
set(pkgconfig_Boost::json "-lboost_json")
set(pkgconfig_Boost::url "-lboost_url")
set(pkgconfig_Boost::container "-lboost_container")
set(pkgconfig_Threads::Threads "-pthread")
set(pkgconfig_OpenSSL::SSL "libssl")
set(pkgconfig_OpenSSL::Crypto "libcrypto")
set(pkgconfig_fmt::fmt "fmt")
set(pkgconfig_spdlog::spdlog "spdlog")
set(pkgconfig_yaml-cpp "yaml-cpp")
set(pkgconfig_prometheus-cpp::core "prometheus-cpp-core")
set(pkgconfig_GTest::gtest "gtest")
set(pkgconfig_PkgConfig::libidn "libidn")
set(pkgconfig_pg_query "-lpg_query")

# Reports a library that the tables above do not have, where the one who adds it sees it.
function(tusk_check_described part library)
    if(NOT DEFINED package_${library} OR NOT DEFINED pkgconfig_${library})
        message(FATAL_ERROR "tusk_part(${part}) links ${library}: "
            "say in cmake/tusk_install.cmake how users of the installed part find it")
    endif()
endfunction()

# --- the CMake package ------------------------------------------------------------------------------------------------

set(TUSK_COMPONENTS ${parts})
set(TUSK_COMPONENT_TABLE "")
foreach(part IN LISTS parts)
    get_property(depends GLOBAL PROPERTY TUSK_PART_${part}_DEPENDS)
    get_property(libraries GLOBAL PROPERTY TUSK_PART_${part}_LINK)
    set(packages "")
    foreach(library IN LISTS libraries)
        tusk_check_described(${part} ${library})
        list(APPEND packages ${package_${library}})
    endforeach()
    list(REMOVE_DUPLICATES packages)
    string(APPEND TUSK_COMPONENT_TABLE "set(tusk_${part}_depends \"${depends}\")\n"
        "set(tusk_${part}_packages \"${packages}\")\n")
endforeach()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/tusk-config.cmake.in ${PROJECT_BINARY_DIR}/tusk-config.cmake
    INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tusk-config-version.cmake COMPATIBILITY SameMinorVersion)
install(EXPORT tuskTargets NAMESPACE tusk:: DESTINATION ${package_directory} FILE tusk-targets.cmake)
install(FILES ${PROJECT_BINARY_DIR}/tusk-config.cmake ${PROJECT_BINARY_DIR}/tusk-config-version.cmake
    DESTINATION ${package_directory})

# --- pkg-config -------------------------------------------------------------------------------------------------------

# tusk_pkgconfig(NAME DESCRIPTION PARTS parts... [REQUIRES modules...]) writes and installs NAME.pc.
function(tusk_pkgconfig name description)
    cmake_parse_arguments(PC "" "" "PARTS;REQUIRES" ${ARGN})
    set(own "")
    set(others "")
    set(requires ${PC_REQUIRES})
    foreach(part IN LISTS PC_PARTS)
        get_target_property(type tusk_${part} TYPE)
        if(NOT type STREQUAL "INTERFACE_LIBRARY")
            list(PREPEND own -ltusk_${part})
        endif()
        get_property(libraries GLOBAL PROPERTY TUSK_PART_${part}_LINK)
        foreach(library IN LISTS libraries)
            set(module "${pkgconfig_${library}}")
            if(module MATCHES "^-")
                list(APPEND others ${module})
            else()
                list(APPEND requires ${module})
            endif()
        endforeach()
    endforeach()
    list(REMOVE_DUPLICATES others)
    list(REMOVE_DUPLICATES requires)
    list(JOIN requires ", " PC_REQUIRES)
    list(JOIN own " " PC_OWN)
    list(JOIN others " " PC_OTHERS)
    set(PC_NAME ${name})
    set(PC_DESCRIPTION ${description})
    # Relative to the file itself, so that an installed tree can be moved.
    file(RELATIVE_PATH PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
    string(REGEX REPLACE "/$" "" PC_PREFIX ${PC_PREFIX})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/tusk.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()

set(shipped ${parts})
list(REMOVE_ITEM shipped testing)
tusk_pkgconfig(tusk "${PROJECT_DESCRIPTION}" PARTS ${shipped})
if(TARGET tusk_testing)
    tusk_pkgconfig(tusk-testing "Databases for tests of C++ services" PARTS testing REQUIRES tusk)
endif()
