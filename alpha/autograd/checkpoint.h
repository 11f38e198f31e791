#pragma once

#include "alpha/autograd/tape.h"

namespace alpha {

/// Activation checkpointing: runs `block(Tape&, const Variable&) -> Variable` and keeps only its
/// input; backward runs the block again and differentiates that. The block may use parameters and
/// its argument, and must compute the same both times: dropout does, since its masks are functions
/// of their key.
template<class Block>
Variable checkpoint(Tape& tape, const Variable& input, Block block) {
  Tape silent(tape.backend(), false);
  Tensor output = block(silent, Variable(input.data())).data();
  // Parameters inside the block may need gradients even where its input does not.
  const Variable recorded =
      tape.is_recording() && !input.requires_grad() ? tape.leaf(input.data()) : input;
  return tape.record(std::move(output), {&recorded},
                     [recorded, block](Tape& outer, const Tensor& dy) {
                       Tape& inner = outer.child();
                       inner.clear();
                       const Variable x = inner.leaf(recorded.data());
                       inner.backward(block(inner, x), dy);
                       if (const Tensor dx = inner.grad(x); dx.is_defined())
                         outer.add_grad(recorded.target(), dx);
                       inner.clear();
                     });
}

}  // namespace alpha
