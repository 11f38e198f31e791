#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/autograd/variable.h"
#include "alpha/core/rng.h"
#include "alpha/model/gpt_config.h"
#include "alpha/tensor/backend.h"

namespace alpha {

/// What a parameter is, before it has values.
struct ParameterSpec {
  std::string name;  // the original's: wte, wpe, lmHead, lnF.weight, layer.0.attn.wqkv, …
  Shape shape;       // weights are [outputs, inputs]
  bool is_decayed = false;
};

/// The parameters of a model in the order of its checkpoints.
std::vector<ParameterSpec> gpt_parameters(const GptConfig& config);

/// Parameters by name over one flat arena [decayed | not decayed], so that an optimizer step and a
/// gradient norm are a few long loops whatever the number of layers. Values are master weights in
/// f32 (f64 for tests); `compute` may hold a narrower copy that forward passes read; gradients add
/// up in a second arena of the same layout.
class Parameters {
 public:
  /// Allocates values; `compute_dtype` other than that of the values adds the narrower copy.
  Parameters(Backend& backend, std::vector<ParameterSpec> specs, DType dtype = DType::f32,
             DType compute_dtype = DType::f32);

  std::span<const ParameterSpec> specs() const noexcept { return specs_; }

  std::size_t size() const noexcept { return specs_.size(); }

  /// Position of `name`. Error: not_found.
  std::size_t index(std::string_view name) const;

  /// Views of one parameter in its shape.
  Tensor value(std::size_t i) const { return view(values_, i); }

  Tensor gradient(std::size_t i) const { return view(gradients_, i); }

  /// The parameter as forward passes read it; with a gradient once `allocate_gradients` has run.
  Variable variable(std::size_t i) const;

  /// The whole arenas, [n].
  const Tensor& values() const noexcept { return values_; }

  const Tensor& gradients() const noexcept { return gradients_; }

  /// The narrower copy, [n], or undefined.
  const Tensor& compute_copy() const noexcept { return compute_; }

  /// Elements [0, n_decayed) of the arenas take weight decay.
  std::int64_t n_decayed() const noexcept { return n_decayed_; }

  /// The part of an arena of this layout that belongs to parameter `i`, in its shape.
  Tensor view(const Tensor& arena, std::size_t i) const;

  /// Makes the gradient arena, zeroed.
  void allocate_gradients();

  /// Renews the narrower copy after the values have changed by other means than the optimizer.
  void refresh_compute_copy();

 private:
  Backend& backend_;
  std::vector<ParameterSpec> specs_;
  std::vector<std::int64_t> offsets_;
  std::int64_t n_decayed_ = 0;
  Tensor values_;
  Tensor gradients_;
  Tensor compute_;
};

/// Where initial values are drawn from.
enum class InitSource : std::uint8_t {
  counter,  // CounterRng, one stream per parameter
  original  // the original's generator in its order: same seed, same bits as there. Its numbers
            // repeat after 8,190, and so do the rows of large matrices: for comparisons only.
};

std::string_view to_string(InitSource source) noexcept;

/// Error: unknown name.
InitSource parse_init_source(std::string_view name);

/// The original's initial values: normal with standard deviation 0.02, divided by √(2 L) for the
/// products that end in the residual; norms 1, biases 0.
void initialize(Backend& backend, const GptConfig& config, Parameters& parameters,
                std::int32_t seed, InitSource source = InitSource::counter);

}  // namespace alpha
