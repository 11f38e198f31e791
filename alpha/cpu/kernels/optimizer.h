#pragma once

#include "alpha/cpu/cpu_backend.h"
#include "alpha/cpu/kernels/grain.h"
#include "alpha/cpu_ref/cpu_ref_backend.h"

namespace alpha::cpu {

/// A step of an optimizer: `range(begin, end)` takes it for a stretch of the parameters. What
/// vectors do not write, a copy in f16, is the reference's.
template<class Args, class Range>
void run_optimizer(CpuBackend& backend, const Args& args, const Range& range) {
  if (args.copy.is_defined() && args.copy.dtype() != DType::bf16) {
    cpu_ref::kernel_table().run(backend, Args::kOp, args.dtype(), &args);
    return;
  }
  if (*args.scale.template data<float>() == 0) return;  // the step is skipped
  backend.pool().run_chunks(args.parameters.numel(), kGrain, range);
}

}  // namespace alpha::cpu
