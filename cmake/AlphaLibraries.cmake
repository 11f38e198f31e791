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

# Helios: Vulkan's headers, volk, which finds the loader at run time, and the compiler of its shaders.
find_path(VULKAN_INCLUDE_DIR vulkan/vulkan.h)
find_path(VOLK_INCLUDE_DIR volk.c)
find_program(GLSLANG_VALIDATOR glslangValidator)
set(ALPHA_HAS_HELIOS OFF)
if(ALPHA_HELIOS AND VULKAN_INCLUDE_DIR AND VOLK_INCLUDE_DIR AND GLSLANG_VALIDATOR)
  set(ALPHA_HAS_HELIOS ON)
else()
  message(STATUS "Alpha is built without Helios, its GPU backend: it wants Vulkan's headers "
    "(libvulkan-dev), volk (libvulkan-volk-dev) and glslangValidator (glslang-tools)")
endif()
