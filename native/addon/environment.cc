#include "addon/environment.h"

#include <cstdlib>
#include <mutex>
#include <new>

namespace hearken {
namespace {

void callTask(napi_env env, napi_value, void*, void* data) {
  const Prepared task(static_cast<JsTask*>(data));
  if (env == nullptr) return;  // the environment ends: nothing may be called any more
  Napi::HandleScope scope(env);
  try {
    (*task)(Napi::Env(env));
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();  // an uncaught exception of the callback that threw
  } catch (const std::exception& error) {
    makeError(env, codes::kInternal, error.what()).ThrowAsJavaScriptException();
  }
}

}  // namespace

JobSet& JobSet::process() {
  static JobSet* all = new JobSet;  // never destroyed, like the pool
  return *all;
}

void EnvironmentLink::post(std::function<void(Environment&, Napi::Env)> task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!environment_) return;
  environment_->post([environment = environment_, task = std::move(task)](Napi::Env env) { task(*environment, env); });
}

void EnvironmentLink::post(Prepared task) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  if (environment_) environment_->post(std::move(task));
}

Environment::Environment(Napi::Env env) : env_(env), link_(std::make_shared<EnvironmentLink>(this)) {
  napi_value name;
  napi_create_string_utf8(env, "hearken", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, callTask, &back_) !=
      napi_ok) {
    throw Napi::Error::New(env, "hearken: no thread-safe function");
  }
  napi_unref_threadsafe_function(env, back_);
  // Runs before the function above is closed (hooks run in reverse order): jobs can still post, and nothing runs on.
  env.AddCleanupHook([this] {
    shutdown();
    link_->cut();  // what is finalized from here on must not post into a function that is being closed
  });
}

void Environment::post(Prepared task) noexcept {
  if (napi_call_threadsafe_function(back_, task.get(), napi_tsfn_nonblocking) == napi_ok) (void)task.release();
}

void Environment::begin() {
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, back_);
}

void Environment::end() {
  if (--pending_ == 0) napi_unref_threadsafe_function(env_, back_);
}

void Environment::run(std::function<void()> task) {
  begin();
  CancelPtr token;
  try {
    token = std::make_shared<CancelToken>();
    jobs_.add(token);
    ThreadPool::instance().submit([this, token, task]() mutable {
      task();
      task = nullptr;
      jobs_.remove(token);
    });
  } catch (const std::exception&) {
    if (token) jobs_.remove(token);
    task();
  }
}

int Environment::keep(Napi::Function function) {
  const int id = nextKept_++;
  kept_.emplace(id, Napi::Persistent(function));
  return id;
}

Napi::FunctionReference* Environment::kept(int id) {
  const auto found = kept_.find(id);
  return found == kept_.end() ? nullptr : &found->second;
}

Napi::Error makeError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

std::pair<std::string, std::string> describe(std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  } catch (const std::bad_alloc&) {
    return {codes::kOutOfMemory, "out of memory"};
  } catch (const std::exception& error) {
    return {codes::kInternal, error.what()};
  } catch (...) {
    return {codes::kInternal, "unknown failure"};
  }
}

}  // namespace hearken
