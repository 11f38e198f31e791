#include "alpha/cpu/cpu_backend.h"

#include <cstring>

#include "alpha/cpu_ref/cpu_ref_backend.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::cpu {

#define ALPHA_KERNEL(name, Args, dtypes) void name(CpuBackend& backend, const Args& args);
#include "alpha/cpu/kernels/kernels.inc"
#undef ALPHA_KERNEL

namespace {

KernelTable make_table() {
  KernelTable table = cpu_ref::kernel_table();
#define ALPHA_KERNEL(name, Args, dtypes) table.add<&name>(dtypes, KernelKind::native);
#include "alpha/cpu/kernels/kernels.inc"
#undef ALPHA_KERNEL
  return table;
}

}  // namespace

const KernelTable& CpuBackend::kernels() const noexcept {
  static const KernelTable table = make_table();
  return table;
}

void CpuBackend::upload(const void* src, const Tensor& dst) {
  if (dst.numel() > 0) std::memcpy(dst.raw(), src, dst.size_bytes());
}

void CpuBackend::download(const Tensor& src, void* dst) {
  if (src.numel() > 0) std::memcpy(dst, src.raw(), src.size_bytes());
}

}  // namespace alpha::cpu
