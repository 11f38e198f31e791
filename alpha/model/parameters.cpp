#include "alpha/model/parameters.h"

#include <algorithm>
#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/cast.h"
#include "alpha/tensor/ops/fill.h"

namespace alpha {

namespace {

constexpr double kInitStd = 0.02;

/// Appends one parameter after the other.
class SpecList {
 public:
  explicit SpecList(const GptConfig& config) : config_(config) {}

  void embedding(const std::string& name, std::int64_t rows) {
    specs_.push_back({.name = name, .shape = {rows, config_.n_embd}, .is_decayed = false});
  }

  void norm(const std::string& name) {
    specs_.push_back({.name = name + ".weight", .shape = {config_.n_embd}, .is_decayed = false});
    if (config_.norm == Norm::layer_norm && config_.has_norm_bias) {
      specs_.push_back({.name = name + ".bias", .shape = {config_.n_embd}, .is_decayed = false});
    }
  }

  void linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) {
    specs_.push_back({.name = name, .shape = {outputs, inputs}, .is_decayed = true});
    if (config_.has_bias) {
      specs_.push_back({.name = name + ".bias", .shape = {outputs}, .is_decayed = false});
    }
  }

  void layer(std::int64_t i) {
    const std::string prefix = fmt::format("layer.{}.", i);
    const std::int64_t C = config_.n_embd;
    const std::int64_t F = config_.resolved_ffn_dim();
    norm(prefix + "ln1");
    linear(prefix + "attn.wqkv", 3 * C, C);
    linear(prefix + "attn.wo", C, C);
    norm(prefix + "ln2");
    if (config_.activation == FfnActivation::swiglu) {
      linear(prefix + "mlp.fc_gate", F, C);
      linear(prefix + "mlp.fc_up", F, C);
      linear(prefix + "mlp.fc_proj", C, F);
    } else {
      linear(prefix + "mlp.fc1", F, C);
      linear(prefix + "mlp.fc2", C, F);
    }
  }

  void head() {
    specs_.push_back(
        {.name = "lmHead", .shape = {config_.vocab_size, config_.n_embd}, .is_decayed = true});
  }

  std::vector<ParameterSpec> take() { return std::move(specs_); }

 private:
  const GptConfig& config_;
  std::vector<ParameterSpec> specs_;
};

bool ends_in_residual(std::string_view name) {
  return name.ends_with(".wo") || name.ends_with(".fc2") || name.ends_with(".fc_proj");
}

}  // namespace

std::vector<ParameterSpec> gpt_parameters(const GptConfig& config) {
  SpecList list(config);
  list.embedding("wte", config.vocab_size);
  list.embedding("wpe", config.block_size);
  if (!config.is_tied) list.head();
  list.norm("lnF");
  for (std::int64_t i = 0; i < config.n_layer; ++i) list.layer(i);
  return list.take();
}

Parameters::Parameters(Backend& backend, std::vector<ParameterSpec> specs, DType dtype,
                       DType compute_dtype)
    : backend_(backend),
      specs_(std::move(specs)),
      offsets_(specs_.size()) {
  std::int64_t n = 0;
  for (const bool is_decayed : {true, false}) {
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (specs_[i].is_decayed != is_decayed) continue;
      offsets_[i] = n;
      n += specs_[i].shape.numel();
    }
    if (is_decayed) n_decayed_ = n;
  }
  values_ = zeros(backend, {n}, dtype);
  if (compute_dtype != dtype) compute_ = zeros(backend, {n}, compute_dtype);
}

std::size_t Parameters::index(std::string_view name) const {
  const auto it = std::ranges::find(specs_, name, &ParameterSpec::name);
  if (it == specs_.end()) fail(ErrorCode::not_found, "the model has no parameter '{}'", name);
  return static_cast<std::size_t>(it - specs_.begin());
}

Variable Parameters::variable(std::size_t i) const {
  const Tensor data = view(compute_.is_defined() ? compute_ : values_, i);
  return gradients_.is_defined() ? Variable(data, gradient(i)) : Variable(data);
}

void Parameters::allocate_gradients() {
  gradients_ = zeros(backend_, values_.shape(), values_.dtype());
}

void Parameters::refresh_compute_copy() {
  if (compute_.is_defined()) cast_into(backend_, values_, compute_);
}

Tensor Parameters::view(const Tensor& arena, std::size_t i) const {
  const std::int64_t begin = offsets_[i];
  return arena.flat(begin, begin + specs_[i].shape.numel()).reshape(specs_[i].shape);
}

std::string_view to_string(InitSource source) noexcept {
  return source == InitSource::counter ? "counter" : "original";
}

InitSource parse_init_source(std::string_view name) {
  for (const InitSource source : {InitSource::counter, InitSource::original}) {
    if (to_string(source) == name) return source;
  }
  fail_invalid("unknown source of initial weights '{}', expected counter or original", name);
}

void initialize(Backend& backend, const GptConfig& config, Parameters& parameters,
                std::int32_t seed, InitSource source) {
  SeededRng original(seed);
  const double residual_std = kInitStd / std::sqrt(2.0 * static_cast<double>(config.n_layer));
  const auto draw = [&](std::size_t i) {
    const ParameterSpec& spec = parameters.specs()[i];
    const Tensor value = parameters.value(i);
    if (spec.shape.rank() != 2) {
      fill(backend, value, spec.name.ends_with(".weight") ? 1 : 0);
      return;
    }
    const double std = ends_in_residual(spec.name) ? residual_std : kInitStd;
    const CounterRng counter(static_cast<std::uint32_t>(seed), i);
    std::vector<float> numbers(static_cast<std::size_t>(spec.shape.numel()));
    for (std::size_t j = 0; j < numbers.size(); ++j) {
      const double z = source == InitSource::original ? original.next_gauss() : counter.gauss(j);
      numbers[j] = static_cast<float>(z * std);
    }
    cast_into(backend,
              from_values(backend, spec.shape, std::span<const float>(numbers), value.dtype()),
              value);
  };
  // The head stands third among the parameters but the original draws it last.
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters.specs()[i].name != "lmHead") draw(i);
  }
  if (!config.is_tied) draw(parameters.index("lmHead"));
  parameters.refresh_compute_copy();
}

}  // namespace alpha
