#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "alpha/autograd/tape.h"

namespace alpha {

/// A differentiable function of some tensors.
using GradcheckFunction = std::function<Variable(Tape&, std::span<const Variable>)>;

/// Compares the gradients that backward gives with central differences, both in double: every
/// element of every input, on Σ w · f(inputs) with fixed random weights w. Returns an empty string
/// when all agree to `tolerance` (relative to 1 + |slope|), else a sentence with the worst element.
/// Inputs are f64 tensors of `backend`.
std::string gradcheck(Backend& backend, std::span<const Tensor> inputs, const GradcheckFunction& f,
                      double tolerance = 1e-6);

}  // namespace alpha
