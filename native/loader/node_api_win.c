/*
 * Windows: finds the functions of Node-API in the program that runs, whatever it is called: node.exe, electron.exe, an
 * application's own. An import library would tie the addon to a file named node.exe.
 *
 * A function that is declared dllimport is called through a pointer named __imp_ and its name, which an import library
 * would define. Here they are variables, filled when the addon is loaded; node_api_functions.inc is the list of
 * Node-API 8, made by cmake/addon.cmake.
 */
#include <windows.h>

#define NODE_API_FUNCTION(name) FARPROC __imp_##name;
#include "node_api_functions.inc"
#undef NODE_API_FUNCTION

static const struct {
  const char* name;
  FARPROC* pointer;
} functions[] = {
#define NODE_API_FUNCTION(name) {#name, &__imp_##name},
#include "node_api_functions.inc"
};

/* False where one is missing: then Windows does not load the addon, rather than have a call of NULL later. */
static BOOL findFunctions(void) {
  HMODULE program = GetModuleHandleW(NULL);
  if (!GetProcAddress(program, functions[0].name)) program = GetModuleHandleW(L"libnode.dll");
  if (!program) return FALSE;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) {
    *functions[i].pointer = GetProcAddress(program, functions[i].name);
    if (!*functions[i].pointer) return FALSE;
  }
  return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved) {
  HMODULE pinned;
  (void)reserved;
  if (reason != DLL_PROCESS_ATTACH) return TRUE;
  /* Never unloaded, since threads and atexit handlers may outlive a context. */
  return findFunctions() && GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                                               (LPCWSTR)self, &pinned);
}
