# How a module of alpha/ and its tests are declared.
#
#   alpha_module(<path> [DEPS <modules>...] [LIBS <external targets>...])
#
# makes the static library alpha::<path> out of every *.cpp in the folder that calls it, and of its
# ops/, kernels/, routes/, spirv/ or vk/ sub-folder. DEPS are modules declared earlier: layers go bottom-up, and
# tools/check_layers.py (the test "layers") refuses an #include that is not declared here.

add_library(alpha_options INTERFACE)
target_compile_features(alpha_options INTERFACE cxx_std_20)
target_compile_options(alpha_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -ffp-contract=off
  # GCC 12 sees overlapping copies in std::string's operator+ where there are none (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${ALPHA_WERROR}>:-Werror>)
if(ALPHA_SANITIZE)
  target_compile_options(alpha_options INTERFACE -fsanitize=${ALPHA_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(alpha_options INTERFACE -fsanitize=${ALPHA_SANITIZE})
  # The thread sanitizer does not know fences. Asio's order nothing here: a server has one thread.
  target_compile_definitions(alpha_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()

function(alpha_module PATH)
  string(REPLACE "/" "_" NAME ${PATH})
  cmake_parse_arguments(M "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp ops/*.cpp kernels/*.cpp routes/*.cpp spirv/*.cpp vk/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS *.h ops/*.h kernels/*.h routes/*.h spirv/*.h vk/*.h)
  add_library(alpha_${NAME} STATIC ${sources})
  add_library(alpha::${NAME} ALIAS alpha_${NAME})
  target_sources(alpha_${NAME} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  set_target_properties(alpha_${NAME} PROPERTIES
    CXX_EXTENSIONS OFF EXPORT_NAME ${NAME} VERIFY_INTERFACE_HEADER_SETS ON)
  target_include_directories(alpha_${NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  foreach(dep IN LISTS M_DEPS)
    string(REPLACE "/" "_" target ${dep})
    if(NOT TARGET alpha_${target})
      message(FATAL_ERROR "alpha_module(${PATH}): dependency '${dep}' is not declared before it (layers go bottom-up)")
    endif()
    target_link_libraries(alpha_${NAME} PUBLIC alpha::${target})
  endforeach()
  target_link_libraries(alpha_${NAME} PUBLIC alpha_options PRIVATE ${M_LIBS})
  set_property(GLOBAL APPEND_STRING PROPERTY ALPHA_LAYERS "${PATH}: ${M_DEPS}\n")
endfunction()

function(alpha_write_layers)
  get_property(layers GLOBAL PROPERTY ALPHA_LAYERS)
  file(WRITE ${PROJECT_BINARY_DIR}/layers.txt "${layers}")
endfunction()

# alpha_test_dir(<dir> DEPS <modules>... [LABELS ...] [ENVIRONMENT ...]): every tests/<dir>/*_test.cpp in
# one binary.
function(alpha_test_dir DIR)
  cmake_parse_arguments(T "" "" "DEPS;LIBS;LABELS;ENVIRONMENT" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${DIR}/*.cpp)
  list(TRANSFORM T_DEPS PREPEND alpha:: OUTPUT_VARIABLE modules)
  list(GET modules 0 first)
  if(NOT sources OR NOT TARGET ${first})
    return()
  endif()
  add_executable(${DIR}_test ${sources})
  set_target_properties(${DIR}_test PROPERTIES CXX_EXTENSIONS OFF)
  if(T_ENVIRONMENT)
    list(PREPEND T_ENVIRONMENT ENVIRONMENT)
  endif()
  target_compile_options(${DIR}_test PRIVATE -O1)  # what is tested is optimised; the tests need not be
  target_link_libraries(${DIR}_test PRIVATE ${modules} ${T_LIBS} GTest::gtest_main alpha_options)
  gtest_discover_tests(${DIR}_test TEST_PREFIX "${DIR}." PROPERTIES LABELS "${T_LABELS}"
    TIMEOUT 120 ${T_ENVIRONMENT} DISCOVERY_TIMEOUT 60)
endfunction()
