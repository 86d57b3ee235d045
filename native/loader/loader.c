/*
 * What node-gyp-build finds: a small addon that any CPU can run, which says which engines this one can run. The engines
 * are addons of their own in the folder beside it that has its name (lib/engine.ts chooses). A CPU without an
 * instruction would end the process at its first use, and JavaScript cannot ask for it; hence this.
 */
#include <node_api.h>

#include "loader/cpu.h"

static napi_value init(napi_env env, napi_value exports) {
  const char* names[HEARKEN_MAX_LEVELS];
  const int count = hearken_cpu_levels(names);
  napi_value list, name;
  if (napi_create_array_with_length(env, (size_t)count, &list) != napi_ok) return NULL;
  for (int i = 0; i < count; ++i) {
    if (napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_set_element(env, list, (uint32_t)i, name) != napi_ok) {
      return NULL;
    }
  }
  if (napi_set_named_property(env, exports, "levels", list) != napi_ok) return NULL;
  return exports;
}

NAPI_MODULE(hearken, init)
