#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "alpha/tensor/kernel_table.h"
#include "alpha/tensor/tensor.h"

namespace alpha {

/// Where tensors live and ops run. An op is a struct of arguments; `run` hands it to the kernel of
/// its op and dtype. The arguments hold references to their storages, so a backend may record them
/// and compute later. A backend outlives the tensors it allocated.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// "cpu", "cpu_ref", …
  virtual std::string_view name() const noexcept = 0;

  virtual const KernelTable& kernels() const noexcept = 0;

  /// Uninitialised memory. Error: out_of_memory with the numbers.
  virtual StorageRef allocate(std::size_t size_bytes) = 0;

  /// Copies `dst.size_bytes()` bytes from the host. `src` may be reused on return.
  virtual void upload(const void* src, const Tensor& dst) = 0;

  /// Copies `src.size_bytes()` bytes to the host, after everything that writes them has run.
  virtual void download(const Tensor& src, void* dst) = 0;

  /// Runs body(0) … body(n - 1) on the host, each once, in any order, on the backend's threads
  /// where it has some; returns when all are done. One exception of those that bodies throw is
  /// rethrown. For what is no op: checking weights, drawing tokens.
  virtual void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) {
    for (std::int64_t i = 0; i < n; ++i) body(i);
  }

  /// Gives memory that no tensor uses back to the system.
  virtual void trim() {}

  bool has(OpId op, DType dtype) const noexcept {
    return kernels().kind(op, dtype) != KernelKind::none;
  }

  template<class Args>
  void run(const Args& args) {
    kernels().run(*this, Args::kOp, args.dtype(), &args);
  }
};

}  // namespace alpha
