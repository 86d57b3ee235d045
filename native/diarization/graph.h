#pragma once

#include <cstddef>
#include <memory>

#include "core/cancel.h"
#include "core/ledger.h"

struct ggml_backend;
struct ggml_cgraph;
struct ggml_context;
struct ggml_gallocr;
struct ggml_tensor;

namespace hearken {

// A compute graph on ggml's CPU backend with the buffers of its tensors. Built once, computed many times, by one thread
// at a time (what runs side by side has a graph each: ggml's own threads spin at every node). Inputs and outputs are
// marked with ggml_set_input / ggml_set_output and read and written in place through tensor->data.
// A tensor without an operation that nothing marks is scratch: it shares its memory with what comes after its last use.
class Graph {
 public:
  // Throws Error kOutOfMemory.
  explicit Graph(size_t maxNodes);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  ggml_context* context() const { return context_.get(); }
  // Adds what `output` needs; may be called several times before allocate().
  void add(ggml_tensor* output);
  // Gives all tensors memory, reused where lifetimes allow. Throws Error kOutOfMemory.
  void allocate();
  // What bytes() would be after allocate(), which is not called.
  int64_t measure();
  // Stops between nodes, and within one whose operation looks at the token itself. Throws Error kAborted, kDecode.
  void compute(CancelToken& cancel);
  int64_t bytes() const { return memory_.bytes(); }

 private:
  template <class T>
  using Owned = std::unique_ptr<T, void (*)(T*)>;
  Owned<ggml_context> context_;
  Owned<ggml_backend> backend_;
  Owned<ggml_gallocr> allocator_;
  ggml_cgraph* graph_ = nullptr;  // lives in the context
  void count();
  Allocation memory_;
};

}  // namespace hearken
