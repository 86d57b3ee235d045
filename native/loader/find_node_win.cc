// Finds the functions of Node-API in the program that runs, whatever its name: node.exe, electron.exe, an application's
// own.
#include <delayimp.h>
#include <string.h>
#include <windows.h>

static FARPROC WINAPI find(unsigned event, DelayLoadInfo* info) {
  if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) return nullptr;
  HMODULE library = GetModuleHandleA("libnode.dll");
  return reinterpret_cast<FARPROC>(library ? library : GetModuleHandleA(nullptr));
}

extern "C" const PfnDliHook __pfnDliNotifyHook2 = find;
