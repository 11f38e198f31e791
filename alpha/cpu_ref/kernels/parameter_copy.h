#pragma once

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

/// What an optimizer leaves for products: the parameters in the copy's dtype, if there is a copy.
inline void copy_parameters(const Tensor& parameters, const Tensor& copy) {
  if (!copy.is_defined()) return;
  visit_floating(parameters.dtype(), copy.dtype(),
                 [&]<class T, class Copy>(TypeTag<T>, TypeTag<Copy>) {
                   const T* from = parameters.data<T>();
                   Copy* to = copy.data<Copy>();
                   const std::int64_t n = parameters.numel();
                   for (std::int64_t i = 0; i < n; ++i) to[i] = convert<Copy>(from[i]);
                 });
}

}  // namespace alpha::cpu_ref
