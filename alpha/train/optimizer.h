#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/checkpoint/safetensors.h"
#include "alpha/model/parameters.h"

namespace alpha {

enum class OptimizerKind : std::uint8_t { adamw, sgd, lion };

/// "adamw", "sgd", "lion", in that order.
std::span<const std::string_view> optimizer_names() noexcept;

std::string_view to_string(OptimizerKind kind) noexcept;

/// One of the names above. Error: invalid_argument.
OptimizerKind parse_optimizer(std::string_view name);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::adamw;
  double beta1 = 0.9;  // adamw, lion
  double beta2 = 0.999;
  double eps = 1e-8;    // adamw
  double momentum = 0;  // sgd; 0: none, and no state
  double weight_decay = 0.01;
};

/// AdamW, SGD or Lion over the flat arena of some parameters, one op for those that are decayed and
/// one for the others; embeddings, norms and biases are not decayed.
class Optimizer {
 public:
  /// `parameters` outlive the optimizer.
  Optimizer(Backend& backend, Parameters& parameters, const OptimizerOptions& options);

  /// One step with learning rate `lr`; gradients count `scale` times, a scalar of their
  /// accumulation dtype. Renews the compute copy. Where `scale` is 0 nothing changes, which the
  /// host may learn later: then it takes the step back.
  void step(double lr, const Tensor& scale);

  /// The last step was none: it does not count.
  void take_back() noexcept { --n_steps_; }

  /// Steps taken.
  std::int64_t n_steps() const noexcept { return n_steps_; }

  /// Whether it remembers anything of earlier steps but their number.
  bool has_state() const noexcept { return m_.is_defined(); }

  /// What it remembers, `<parameter>.m` and for AdamW `<parameter>.v`: views, in the order of the
  /// parameters.
  std::vector<NamedTensor> state() const;

  /// Reads what `state` named. Error: corrupt, naming the tensor.
  void load(const SafetensorsFile& file);

  void set_n_steps(std::int64_t n_steps) noexcept { n_steps_ = n_steps; }

 private:
  void update(std::int64_t begin, std::int64_t end, double lr, double weight_decay,
              const Tensor& scale);

  Backend& backend_;
  Parameters& parameters_;
  OptimizerOptions options_;
  Tensor m_;  // laid out as the arena of values; undefined for sgd without momentum
  Tensor v_;  // adamw
  std::int64_t n_steps_ = 0;
};

}  // namespace alpha
