#include "alpha/tensor/ops/cast.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

template<class From, class To>
void run(const CastArgs& args) {
  const From* x = args.x.data<From>();
  To* out = args.out.data<To>();
  const std::int64_t n = args.x.numel();
  for (std::int64_t i = 0; i < n; ++i) out[i] = convert<To>(x[i]);
}

}  // namespace

void cast(Backend& /*backend*/, const CastArgs& args) {
  visit_dtype(args.x.dtype(), [&]<class From>(TypeTag<From>) {
    visit_dtype(args.out.dtype(), [&]<class To>(TypeTag<To>) { run<From, To>(args); });
  });
}

}  // namespace alpha::cpu_ref
