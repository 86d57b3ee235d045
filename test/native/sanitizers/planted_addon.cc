// plantBug(name) of the addon: the same bugs inside Node, whose own leaks are suppressed.
#include <napi.h>

#include "addon/environment.h"
#include "sanitizers/planted_bugs.h"

namespace hearken {

Napi::Value plantBug(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString();
  if (!plantBug(name)) throw makeError(info.Env(), codes::kInvalidArg, "there is no planted bug called " + name);
  return info.Env().Undefined();
}

}  // namespace hearken
