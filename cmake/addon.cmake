# The addon: hearken.node, the loader that says what this CPU can run, and hearken/<level>.node beside it, the engine of this build's
# level. Their headers come from npm packages; nothing is downloaded, and the functions of Node-API are found in the process.
file(READ package.json HEARKEN_PACKAGE)
string(REGEX MATCH "\"version\": *\"([^\"]+)\"" _ "${HEARKEN_PACKAGE}")
set(HEARKEN_VERSION ${CMAKE_MATCH_1})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS package.json)

set(HEARKEN_NODE node CACHE STRING "Node, which reads package.json and sums up the sources")
function(hearken_npm_package variable expression)
  execute_process(COMMAND ${HEARKEN_NODE} -p "${expression}" WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${expression} failed: install the dependencies of hearken (npm install)")
  endif()
  file(TO_CMAKE_PATH "${found}" found)
  set(${variable} "${found}" PARENT_SCOPE)
endfunction()
hearken_npm_package(NODE_API_INCLUDE "require('path').dirname(require.resolve('node-api-headers/include/node_api.h'))")
hearken_npm_package(NODE_ADDON_API_INCLUDE "require('path').dirname(require.resolve('node-addon-api/napi.h'))")

set(kind MODULE)
if(APPLE AND HEARKEN_ZIG)
  set(kind SHARED)  # zig 0.17's linker crashes on -bundle; Node loads either
endif()
add_library(hearken_loader ${kind} native/loader/loader.c native/loader/cpu.c)
file(GLOB HEARKEN_ADDON_SOURCES CONFIGURE_DEPENDS native/addon/*.cc)
add_library(hearken ${kind} ${HEARKEN_ADDON_SOURCES})
# What a shared library of macOS is told to be called must not be a path of this machine.
set_target_properties(hearken_loader hearken PROPERTIES INSTALL_NAME_DIR @rpath BUILD_WITH_INSTALL_NAME_DIR ON)
set_target_properties(hearken_loader PROPERTIES OUTPUT_NAME hearken)
set_target_properties(hearken PROPERTIES OUTPUT_NAME ${HEARKEN_CPU})

if(WIN32)
  hearken_npm_package(functions "Object.values(require('node-api-headers').symbols.v8).flat().join(';')")
  list(TRANSFORM functions REPLACE "(.+)" "NODE_API_FUNCTION(\\1)")
  list(JOIN functions "\n" functions)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/node_api/node_api_functions.inc CONTENT "${functions}\n" @ONLY)
endif()

foreach(target hearken_loader hearken)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".node")
  target_include_directories(${target} PRIVATE native)
  target_include_directories(${target} SYSTEM PRIVATE ${NODE_API_INCLUDE} ${NODE_ADDON_API_INCLUDE})
  target_compile_definitions(${target} PRIVATE NAPI_VERSION=8)
  if(WIN32)
    target_sources(${target} PRIVATE native/loader/node_api_win.c)
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/node_api)
    target_compile_definitions(${target} PRIVATE BUILDING_NODE_EXTENSION)  # declares Node-API's functions dllimport
  endif()
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 $<$<COMPILE_LANGUAGE:CXX>:/EHsc>)
  else()
    target_compile_options(${target} PRIVATE ${HEARKEN_WARNINGS})
    if(HEARKEN_STRIP)
      target_link_options(${target} PRIVATE -s)
    endif()
    if(APPLE)
      target_link_options(${target} PRIVATE -undefined dynamic_lookup -Wl,-dead_strip)
    elseif(NOT WIN32)
      # Never unloaded, since threads and atexit handlers may outlive a context.
      target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,-z,nodelete
        -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/native/loader/exports.map)
      set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/native/loader/exports.map)
    endif()
  endif()
endforeach()
# The expression keeps generators of several configurations from adding a folder of their own.
set_target_properties(hearken_loader PROPERTIES LIBRARY_OUTPUT_DIRECTORY $<1:${CMAKE_CURRENT_BINARY_DIR}/Release>)
set_target_properties(hearken PROPERTIES LIBRARY_OUTPUT_DIRECTORY $<1:${CMAKE_CURRENT_BINARY_DIR}/Release/hearken>)
target_compile_definitions(hearken PRIVATE NAPI_CPP_EXCEPTIONS NODE_ADDON_API_CPP_EXCEPTIONS_ALL
  NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED
  HEARKEN_VERSION="${HEARKEN_VERSION}" HEARKEN_CPU="${HEARKEN_CPU}")
target_link_libraries(hearken PRIVATE hearken_core)

# The digest of what decides results: looked at in every build, written where it changed. A definition given to cmake would
# stay what it was when the build folder was made.
set(HEARKEN_GENERATED ${CMAKE_CURRENT_BINARY_DIR}/generated)
add_custom_target(hearken_engine_digest BYPRODUCTS ${HEARKEN_GENERATED}/engine_digest.h
  COMMAND ${HEARKEN_NODE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/engine-digest.mjs ${HEARKEN_GENERATED}/engine_digest.h VERBATIM)
add_dependencies(hearken hearken_engine_digest)
set_source_files_properties(native/addon/engine.cc PROPERTIES INCLUDE_DIRECTORIES ${HEARKEN_GENERATED})

if(HEARKEN_SANITIZE)
  target_sources(hearken PRIVATE test/native/sanitizers/planted_addon.cc)
  target_compile_definitions(hearken PRIVATE HEARKEN_PLANTED_BUGS)
  target_link_libraries(hearken PRIVATE hearken_planted_bugs)
endif()
