#pragma once

#include <cstdint>
#include <vector>

#include "alpha/checkpoint/safetensors.h"
#include "alpha/model/parameters.h"

namespace alpha {

struct AdamwOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

/// AdamW over the flat arena of some parameters; embeddings, norms and biases are not decayed.
class Adamw {
 public:
  /// `parameters` outlive the optimizer.
  Adamw(Backend& backend, Parameters& parameters, const AdamwOptions& options);

  /// One step with learning rate `lr`; gradients count `grad_scale` times. Renews the compute copy.
  void step(double lr, double grad_scale);

  /// Steps taken.
  std::int64_t n_steps() const noexcept { return n_steps_; }

  /// `<parameter>.m` and `<parameter>.v`, views, in the order of the parameters.
  std::vector<NamedTensor> state() const;

  /// Reads what `state` named. Error: corrupt, naming the tensor.
  void load(const SafetensorsFile& file, std::int64_t n_steps);

 private:
  Backend& backend_;
  Parameters& parameters_;
  AdamwOptions options_;
  Tensor m_;  // laid out as the arena of values
  Tensor v_;
  std::int64_t n_steps_ = 0;
};

}  // namespace alpha
