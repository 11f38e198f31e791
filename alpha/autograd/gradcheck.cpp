#include "alpha/autograd/gradcheck.h"

#include <cmath>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace {

constexpr double kStep = 1e-5;

/// Σ w · f(inputs), as a number and, on a recording tape, as a variable.
Variable weighted_sum(Tape& tape, std::span<const Variable> inputs, const GradcheckFunction& f) {
  const Variable y = f(tape, inputs);
  SeededRng rng(11);
  const Variable w(randn(tape.backend(), y.shape(), rng, 1, DType::f64));
  return sum(tape, mul(tape, y, w));
}

double value_at(Backend& backend, std::span<const std::vector<double>> values,
                std::span<const Tensor> inputs, const GradcheckFunction& f) {
  Tape tape(backend, false);
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    variables.emplace_back(
        from_values(backend, inputs[i].shape(), std::span(values[i]), DType::f64));
  }
  return to_scalar(backend, weighted_sum(tape, variables, f).data());
}

}  // namespace

std::string gradcheck(Backend& backend, std::span<const Tensor> inputs, const GradcheckFunction& f,
                      double tolerance) {
  Tape tape(backend);
  std::vector<Variable> leaves;
  std::vector<std::vector<double>> values;
  for (const Tensor& input : inputs) {
    leaves.push_back(tape.leaf(input));
    values.push_back(to_doubles(backend, input));
  }
  tape.backward(weighted_sum(tape, leaves, f));

  double worst = 0;
  std::string message;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor grad = tape.grad(leaves[i]);
    const std::vector<double> slopes =
        grad.is_defined() ? to_doubles(backend, grad) : std::vector<double>(values[i].size(), 0.0);
    for (std::size_t j = 0; j < values[i].size(); ++j) {
      const double x = values[i][j];
      values[i][j] = x + kStep;
      const double above = value_at(backend, values, inputs, f);
      values[i][j] = x - kStep;
      const double below = value_at(backend, values, inputs, f);
      values[i][j] = x;
      const double difference = (above - below) / (2 * kStep);
      const double error = std::abs(difference - slopes[j]) / (1 + std::abs(difference));
      if (!(error <= tolerance) && !(error <= worst)) {
        worst = error;
        message = fmt::format("input {}, element {}: backward gives {}, differences give {}", i, j,
                              slopes[j], difference);
      }
    }
  }
  return message;
}

}  // namespace alpha
