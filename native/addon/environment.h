#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "addon/jobs.h"
#include "core/cancel.h"
#include "core/counters.h"
#include "core/error.h"
#include "core/thread_pool.h"

namespace hearken {

class Environment;

// What is to run on the JS thread, made before it is known how the work ends: posting it then needs no memory.
using JsTask = std::function<void(Napi::Env)>;
using Prepared = std::unique_ptr<JsTask>;

// A way to an environment that may be gone: native objects can outlive it by a moment.
class EnvironmentLink {
 public:
  explicit EnvironmentLink(Environment* environment) : environment_(environment) {}
  void post(std::function<void(Environment&, Napi::Env)> task);
  void post(Prepared task) noexcept;
  void cut() {
    std::lock_guard<std::mutex> lock(mutex_);
    environment_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Environment* environment_;
};

// What belongs to one JS environment (the main thread, or a worker_thread): the way back to its thread, its running
// jobs, its classes. Lives as the environment's instance data; its cleanup hook ends all jobs before anything of it is
// freed.
class Environment {
 public:
  explicit Environment(Napi::Env env);
  ~Environment() { link_->cut(); }
  const std::shared_ptr<EnvironmentLink>& link() const { return link_; }
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // Runs `task` on the JS thread, soon. From any thread. Dropped without running once the environment ends.
  void post(JsTask task) { post(std::make_unique<JsTask>(std::move(task))); }
  void post(Prepared task) noexcept;
  // Cancels and outwaits all jobs. Idempotent.
  void shutdown() { jobs_.shutdown(); }

  // Runs `work` on a thread of ours and settles the promise with what `convert` makes of its result. `work` and all
  // that it holds are destroyed before the promise settles, so that counters are exact when user code goes on.
  // `finish`, if any, runs on the JS thread just before, whatever the outcome.
  template <typename Result>
  Napi::Promise async(Napi::Env env, CancelPtr cancel, std::function<Result()> work,
                      std::function<Napi::Value(Napi::Env, Result&)> convert, std::function<void()> finish = nullptr);

  // Runs `task`, which doesn't throw, on a thread of ours as a job that nobody cancels; on this one where no other can
  // be had. It, or what it sets off, posts a task that calls end().
  void run(std::function<void()> task);
  void end();

  // A JS function that native code may call by number; kept and called on the JS thread only.
  int keep(Napi::Function function);
  void drop(int id) { kept_.erase(id); }
  Napi::FunctionReference* kept(int id);

  Napi::FunctionReference modelClass, stateClass, chunkClass, plannerClass, diarizerClass, diarizationClass;

 private:
  void begin();
  Napi::Env env_;
  std::shared_ptr<EnvironmentLink> link_;
  napi_threadsafe_function back_ = nullptr;
  JobSet jobs_;
  int pending_ = 0;  // promises not settled: while there are any, the event loop stays alive
  int nextKept_ = 1;
  std::unordered_map<int, Napi::FunctionReference> kept_;
};

// A JS Error with `code`.
Napi::Error makeError(Napi::Env env, const std::string& code, const std::string& message);
// Any exception as (code, message).
std::pair<std::string, std::string> describe(std::exception_ptr failure);

template <typename Result>
Napi::Promise Environment::async(Napi::Env env, CancelPtr cancel, std::function<Result()> work,
                                 std::function<Napi::Value(Napi::Env, Result&)> convert, std::function<void()> finish) {
  Napi::Promise::Deferred deferred(env);
  const Napi::Promise promise = deferred.Promise();
  struct Outcome {
    std::unique_ptr<Result> result;
    std::exception_ptr failure;
  };
  bool listed = false, listedForAll = false;
  begin();
  ++Counters::instance().jobs;
  try {
    jobs_.add(cancel);
    listed = true;
    JobSet::process().add(cancel);
    listedForAll = true;
    auto outcome = std::make_shared<Outcome>();
    auto settle = std::make_shared<Prepared>(std::make_unique<JsTask>(
        [this, deferred, outcome, convert = std::move(convert), finish](Napi::Env env) mutable {
          end();
          if (finish) finish();
          try {
            if (outcome->failure) std::rethrow_exception(outcome->failure);
            deferred.Resolve(convert(env, *outcome->result));
          } catch (const Napi::Error& error) {
            deferred.Reject(error.Value());
          } catch (...) {
            const auto [code, message] = describe(std::current_exception());
            deferred.Reject(makeError(env, code, message).Value());
          }
        }));
    // Shared because std::function wants copyable captures; there is one owner at a time.
    auto job = std::make_shared<std::function<Result()>>(std::move(work));
    ThreadPool::instance().submit([this, job, cancel, outcome, settle]() mutable {
      try {
        outcome->result = std::make_unique<Result>((*job)());
      } catch (...) {
        outcome->failure = std::current_exception();
      }
      *job = nullptr;
      job.reset();
      outcome.reset();
      --Counters::instance().jobs;
      post(std::move(*settle));
      settle.reset();
      JobSet::process().remove(cancel);
      jobs_.remove(cancel);  // last: from here on the environment may be gone
    });
  } catch (...) {  // no thread, or no memory, to be had: nothing runs, so all of the above is taken back
    const auto [code, message] = describe(std::current_exception());
    --Counters::instance().jobs;
    if (listedForAll) JobSet::process().remove(cancel);
    if (listed) jobs_.remove(cancel);
    end();
    if (finish) finish();
    deferred.Reject(makeError(env, code, message).Value());
  }
  return promise;
}

}  // namespace hearken
