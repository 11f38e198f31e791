#pragma once

#include "alpha/tensor/backend.h"
#include "alpha/tensor/host_memory.h"

namespace alpha::cpu_ref {

/// The ground truth of every op: plain loops, sums in double, every dtype. Slow on purpose.
class CpuRefBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "cpu_ref"; }

  const KernelTable& kernels() const noexcept override;

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* src, const Tensor& dst) override;
  void download(const Tensor& src, void* dst) override;

  HostMemory& memory() noexcept { return memory_; }

 private:
  HostMemory memory_;
};

/// The kernels, for backends that fill the gaps of their own table with them. They work on host
/// memory of any backend.
const KernelTable& kernel_table() noexcept;

}  // namespace alpha::cpu_ref
