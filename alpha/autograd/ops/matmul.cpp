#include "alpha/tensor/ops/matmul.h"

#include "alpha/autograd/ops.h"
#include "alpha/tensor/ops/reduce.h"

namespace alpha {

namespace {

/// The gradient of one operand; batch axes along which it was broadcast are summed.
void add_product(Tape& tape, const GradTarget& target, const Tensor& left, const Tensor& right,
                 MatmulOptions options) {
  const Tensor product = matmul(tape.backend(), left, right, options);
  tape.add_grad(target, product.shape() == target.shape
                            ? product
                            : sum_to(tape.backend(), product, target.shape));
}

}  // namespace

Variable matmul(Tape& tape, const Variable& a, const Variable& b, MatmulOptions options) {
  return tape.record(
      matmul(tape.backend(), a.data(), b.data(), options), {&a, &b},
      [a, b, ta = options.trans_a, tb = options.trans_b](Tape& t, const Tensor& dy) {
        if (a.requires_grad()) {
          if (ta) {
            add_product(t, a.target(), b.data(), dy, {.trans_a = tb, .trans_b = true});
          } else {
            add_product(t, a.target(), dy, b.data(), {.trans_a = false, .trans_b = !tb});
          }
        }
        if (b.requires_grad()) {
          if (tb) {
            add_product(t, b.target(), dy, a.data(), {.trans_a = true, .trans_b = ta});
          } else {
            add_product(t, b.target(), a.data(), dy, {.trans_a = !ta, .trans_b = false});
          }
        }
      });
}

}  // namespace alpha
