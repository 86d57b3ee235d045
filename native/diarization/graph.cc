#include "diarization/graph.h"

#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <string>

#include "core/error.h"

namespace hearken {
namespace {

[[noreturn]] void failToAllocate(const char* what) {
  throw Error(codes::kOutOfMemory, std::string("there is no memory left for a diarization net's ") + what);
}

}  // namespace

Graph::Graph(size_t maxNodes)
    : context_(nullptr, ggml_free), backend_(nullptr, ggml_backend_free), allocator_(nullptr, ggml_gallocr_free) {
  ggml_init_params params{};
  params.mem_size = maxNodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(maxNodes, false);
  params.no_alloc = true;
  context_.reset(ggml_init(params));
  if (!context_) failToAllocate("graph");
  graph_ = ggml_new_graph_custom(context_.get(), maxNodes, false);
  backend_.reset(ggml_backend_cpu_init());
  if (!backend_) failToAllocate("backend");
  ggml_backend_cpu_set_n_threads(backend_.get(), 1);
  allocator_.reset(ggml_gallocr_new(ggml_backend_get_default_buffer_type(backend_.get())));
  if (!allocator_) failToAllocate("allocator");
}

Graph::~Graph() = default;

void Graph::add(ggml_tensor* output) {
  ggml_build_forward_expand(graph_, output);
}

void Graph::allocate() {
  if (!ggml_gallocr_alloc_graph(allocator_.get(), graph_)) failToAllocate("buffers");
  memory_ = Allocation(MemoryKind::kDiarization, 0);
  count();
}

// The tensors' data, what describes them, and the buffer that nodes work in, which the first computation allocates.
void Graph::count() {
  memory_.resize(static_cast<int64_t>(ggml_gallocr_get_buffer_size(allocator_.get(), 0) +
                                      ggml_used_mem(context_.get()) + ggml_backend_cpu_work_size(backend_.get())));
}

int64_t Graph::measure() {
  size_t size = 0;
  ggml_gallocr_reserve_n_size(allocator_.get(), graph_, nullptr, nullptr, &size);
  return static_cast<int64_t>(size);
}

void Graph::compute(CancelToken& cancel) {
  cancel.throwIfCancelled();
  ggml_backend_cpu_set_abort_callback(
      backend_.get(), [](void* token) { return static_cast<const CancelToken*>(token)->cancelled(); }, &cancel);
  const ggml_status status = ggml_backend_graph_compute(backend_.get(), graph_);
  ggml_backend_cpu_set_abort_callback(backend_.get(), nullptr, nullptr);
  count();
  cancel.throwIfCancelled();  // first: a node that stopped early left its graph "successful"
  if (status != GGML_STATUS_SUCCESS) {
    throw Error(codes::kDecode, "a diarization net's graph failed: " + std::string(ggml_status_to_string(status)));
  }
}

}  // namespace hearken
