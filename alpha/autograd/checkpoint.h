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
  return tape.record(std::move(output), {&input}, [input, block](Tape& outer, const Tensor& dy) {
    Tape& inner = outer.child();
    const Variable x = inner.leaf(input.data());
    inner.backward(block(inner, x), dy);
    outer.add_grad(input.target(), inner.grad(x));
    inner.clear();
  });
}

}  // namespace alpha
