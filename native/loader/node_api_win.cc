// The functions of Node-API on Windows, for compilers that cannot load a library late (MSVC can: find_node_win.cc).
// They are in the program that runs, and an ordinary import would name that program: with "node.exe" nothing loads in
// electron.exe or in an application of another name. What the compiler calls through, __imp_<name>, is therefore filled
// in here, before any of it is called.
#include <windows.h>

extern "C" {
#define HEARKEN_FUNCTION(name) void* __imp_##name = nullptr;
#include "node_api_functions.inc"
#undef HEARKEN_FUNCTION
}

namespace {

struct Functions {
  Functions() {
    const HMODULE library = GetModuleHandleA("libnode.dll");
    const HMODULE program = library ? library : GetModuleHandleA(nullptr);
    // One that this program does not have stays null: we call none that is newer than NAPI_VERSION.
#define HEARKEN_FUNCTION(name) __imp_##name = reinterpret_cast<void*>(GetProcAddress(program, #name));
#include "node_api_functions.inc"
#undef HEARKEN_FUNCTION
  }
} functions;

}  // namespace
