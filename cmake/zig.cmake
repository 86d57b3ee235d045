# Toolchain of the prebuilt binaries: zig's clang, which brings the C library's symbols of old and other systems with it. Made for
# scripts/prebuild.mjs, which writes the compilers' scripts into HEARKEN_ZIG_BIN.
set(HEARKEN_ZIG ON)
set(CMAKE_SYSTEM_NAME $ENV{HEARKEN_ZIG_SYSTEM})
set(CMAKE_SYSTEM_PROCESSOR $ENV{HEARKEN_ZIG_PROCESSOR})
foreach(lang C CXX ASM)
  set(CMAKE_${lang}_COMPILER $ENV{HEARKEN_ZIG_BIN}/zig-cc)
endforeach()
set(CMAKE_CXX_COMPILER $ENV{HEARKEN_ZIG_BIN}/zig-c++)
foreach(tool ar ranlib)
  string(TOUPPER ${tool} variable)
  set(CMAKE_${variable} $ENV{HEARKEN_ZIG_BIN}/zig-${tool})
endforeach()
set(CMAKE_RC_COMPILER $ENV{HEARKEN_ZIG_BIN}/zig-rc)
if(CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  set(CMAKE_INSTALL_NAME_TOOL /bin/false)  # asked for, and not used: nothing is installed
endif()
