#pragma once

#include "alpha/core/thread_pool.h"
#include "alpha/cpu/gemm.h"
#include "alpha/tensor/backend.h"
#include "alpha/tensor/host_memory.h"

namespace alpha::cpu {

/// The fast CPU backend: threads, SIMD chosen at run time, packed products. Native kernels for f32
/// and bf16; every other dtype runs the kernels of cpu_ref. Results do not depend on the number of
/// threads: work is cut by shape alone.
class CpuBackend final : public Backend {
 public:
  /// `n_threads` as for ThreadPool: 0 means one per usable CPU.
  explicit CpuBackend(int n_threads = 0) : pool_(n_threads) {}

  std::string_view name() const noexcept override { return "cpu"; }

  const KernelTable& kernels() const noexcept override;

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* src, const Tensor& dst) override;
  void download(const Tensor& src, void* dst) override;

  void trim() override { memory_.trim(); }

  void parallel(std::int64_t n, const std::function<void(std::int64_t)>& body) override {
    pool_.run(n, body);
  }

  ThreadPool& pool() noexcept { return pool_; }

  Gemm& gemm() noexcept { return gemm_; }

  HostMemory& memory() noexcept { return memory_; }

 private:
  HostMemory memory_;
  ThreadPool pool_;
  Gemm gemm_;
};

}  // namespace alpha::cpu
