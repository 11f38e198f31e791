#include "alpha/train/optimizer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/adamw.h"
#include "alpha/tensor/ops/lion.h"
#include "alpha/tensor/ops/sgd.h"

namespace alpha {

namespace {

constexpr std::array<std::string_view, 3> kNames = {"adamw", "sgd", "lion"};

}  // namespace

std::span<const std::string_view> optimizer_names() noexcept {
  return kNames;
}

std::string_view to_string(OptimizerKind kind) noexcept {
  return kNames[static_cast<std::size_t>(kind)];
}

OptimizerKind parse_optimizer(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    fail_invalid("unknown optimizer '{}', expected one of {}", name, fmt::join(kNames, ", "));
  }
  return static_cast<OptimizerKind>(found - kNames.begin());
}

Optimizer::Optimizer(Backend& backend, Parameters& parameters, const OptimizerOptions& options)
    : backend_(backend),
      parameters_(parameters),
      options_(options) {
  const auto make = [&] {
    return zeros(backend, parameters.values().shape(), parameters.values().dtype());
  };
  if (options.kind != OptimizerKind::sgd || options.momentum > 0) m_ = make();
  if (options.kind == OptimizerKind::adamw) v_ = make();
}

void Optimizer::step(double lr, const Tensor& scale) {
  ++n_steps_;
  const std::int64_t n_decayed = parameters_.n_decayed();
  update(0, n_decayed, lr, options_.weight_decay, scale);
  update(n_decayed, parameters_.values().numel(), lr, 0, scale);
}

void Optimizer::update(std::int64_t begin, std::int64_t end, double lr, double weight_decay,
                       const Tensor& scale) {
  if (begin == end) return;
  const auto t = static_cast<double>(n_steps_);
  const auto part = [&](const Tensor& whole) {
    return whole.is_defined() ? whole.flat(begin, end) : whole;
  };
  const Tensor values = part(parameters_.values());
  const Tensor gradients = part(parameters_.gradients());
  const Tensor copy = part(parameters_.compute_copy());
  switch (options_.kind) {
    case OptimizerKind::adamw:
      return adamw(backend_, {.parameters = values,
                              .gradients = gradients,
                              .m = part(m_),
                              .v = part(v_),
                              .copy = copy,
                              .scale = scale,
                              .lr = lr,
                              .beta1 = options_.beta1,
                              .beta2 = options_.beta2,
                              .eps = options_.eps,
                              .weight_decay = weight_decay,
                              .bias_correction1 = 1 - std::pow(options_.beta1, t),
                              .bias_correction2 = 1 - std::pow(options_.beta2, t)});
    case OptimizerKind::sgd:
      return sgd(backend_, {.parameters = values,
                            .gradients = gradients,
                            .m = part(m_),
                            .copy = copy,
                            .scale = scale,
                            .lr = lr,
                            .momentum = options_.momentum,
                            .weight_decay = weight_decay});
    case OptimizerKind::lion:
      return lion(backend_, {.parameters = values,
                             .gradients = gradients,
                             .m = part(m_),
                             .copy = copy,
                             .scale = scale,
                             .lr = lr,
                             .beta1 = options_.beta1,
                             .beta2 = options_.beta2,
                             .weight_decay = weight_decay});
  }
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_.specs()[i].name;
    if (m_.is_defined()) result.push_back({name + ".m", parameters_.view(m_, i)});
    if (v_.is_defined()) result.push_back({name + ".v", parameters_.view(v_, i)});
  }
  return result;
}

void Optimizer::load(const SafetensorsFile& file) {
  for (const NamedTensor& entry : state()) {
    file.load_into(backend_, entry.name, entry.tensor, ValueCheck::finite);
  }
}

}  // namespace alpha
