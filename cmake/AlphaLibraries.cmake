# Every library Alpha uses from outside. docs/dependencies.md says what each is for.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
find_package(OpenMP REQUIRED)

# oneDNN's own package file insists on OpenCL, which its CPU part does not need.
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.h REQUIRED)
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(DNNL::dnnl UNKNOWN IMPORTED)
set_target_properties(DNNL::dnnl PROPERTIES
  IMPORTED_LOCATION ${DNNL_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR})

find_package(hwy 1.0 REQUIRED)
find_package(CLI11 2 REQUIRED)

# Boost's Beast and Asio are headers alone.
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)
find_package(ZLIB 1.2 REQUIRED)
