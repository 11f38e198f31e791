#include "alpha/cpu_ref/cpu_ref_backend.h"

#include <cstring>

#include "alpha/tensor/ops/ops.h"

namespace alpha::cpu_ref {

#define ALPHA_KERNEL(name, Args, dtypes) void name(Backend& backend, const Args& args);
#include "alpha/cpu_ref/kernels/kernels.inc"
#undef ALPHA_KERNEL

namespace {

constexpr KernelTable make_table() {
  KernelTable table;
#define ALPHA_KERNEL(name, Args, dtypes) table.add<&name>(dtypes, KernelKind::reference);
#include "alpha/cpu_ref/kernels/kernels.inc"
#undef ALPHA_KERNEL
  return table;
}

constexpr KernelTable kTable = make_table();

}  // namespace

const KernelTable& kernel_table() noexcept {
  return kTable;
}

const KernelTable& CpuRefBackend::kernels() const noexcept {
  return kTable;
}

void CpuRefBackend::upload(const void* src, const Tensor& dst) {
  if (dst.numel() > 0) std::memcpy(dst.raw(), src, dst.size_bytes());
}

void CpuRefBackend::download(const Tensor& src, void* dst) {
  if (src.numel() > 0) std::memcpy(dst, src.raw(), src.size_bytes());
}

}  // namespace alpha::cpu_ref
