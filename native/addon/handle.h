#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/error.h"

namespace hearken {

// A native object that JS closes at a known moment. Work takes a Use; close() refuses further ones and lets the object
// go when the last Use ends, on that Use's thread: never while it is used, and never on the JS thread while work runs.
template <typename T>
class Handle : public std::enable_shared_from_this<Handle<T>> {
 public:
  Handle(std::shared_ptr<T> object, const char* what) : object_(std::move(object)), what_(what) {}

  class Use {
   public:
    explicit Use(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
    Use(Use&& other) = default;
    Use& operator=(Use&& other) = default;  // onto one without a handle
    Use(const Use&) = delete;
    ~Use() {
      if (handle_) handle_->done();
    }
    T* operator->() const { return handle_->object_.get(); }
    T& operator*() const { return *handle_->object_; }
    const std::shared_ptr<T>& object() const { return handle_->object_; }

   private:
    std::shared_ptr<Handle> handle_;
  };

  // Shared, because the closures that hold it are copyable. Throws kClosed.
  std::shared_ptr<Use> use() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) throw Error(codes::kClosed, std::string(what_) + " is closed");
    auto use = std::make_shared<Use>(nullptr);  // first: it may throw
    ++users_;
    *use = Use(this->shared_from_this());
    return use;
  }

  bool closed() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return closed_;
  }

  // Calls `gone` when the object is freed: at once if it already is.
  void close(std::function<void()> gone) {
    std::shared_ptr<T> last;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back(std::move(gone));  // first: it may throw
      closed_ = true;
      if (users_ > 0 || freeing_) return;
      freeing_ = true;
      last = std::move(object_);
    }
    free(std::move(last));
  }

  // Reads a property while the object is there; `otherwise` once it is gone.
  template <typename R, typename F>
  R peek(R otherwise, F read) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return object_ ? read(*object_) : otherwise;
  }

 private:
  void done() {
    std::shared_ptr<T> last;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (--users_ > 0 || !closed_ || freeing_) return;
      freeing_ = true;
      last = std::move(object_);
    }
    free(std::move(last));
  }

  // Whoever asks to close while this runs is told when it is done, not before.
  void free(std::shared_ptr<T> last) {
    last.reset();
    std::vector<std::function<void()>> waiting;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      freeing_ = false;
      waiting = std::move(waiting_);
    }
    for (auto& gone : waiting) gone();
  }

  mutable std::mutex mutex_;
  std::shared_ptr<T> object_;
  const char* what_;
  int users_ = 0;
  bool closed_ = false;
  bool freeing_ = false;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace hearken
