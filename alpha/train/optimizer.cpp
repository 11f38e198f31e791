#include "alpha/train/optimizer.h"

#include <cmath>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/adamw.h"

namespace alpha {

Adamw::Adamw(Backend& backend, Parameters& parameters, const AdamwOptions& options)
    : backend_(backend),
      parameters_(parameters),
      options_(options),
      m_(zeros(backend, parameters.values().shape(), parameters.values().dtype())),
      v_(zeros(backend, parameters.values().shape(), parameters.values().dtype())) {}

void Adamw::step(double lr, double grad_scale) {
  ++n_steps_;
  const auto t = static_cast<double>(n_steps_);
  const auto update = [&](std::int64_t begin, std::int64_t end, double weight_decay) {
    if (begin == end) return;
    const Tensor& copy = parameters_.compute_copy();
    adamw(backend_, {.parameters = parameters_.values().flat(begin, end),
                     .gradients = parameters_.gradients().flat(begin, end),
                     .m = m_.flat(begin, end),
                     .v = v_.flat(begin, end),
                     .copy = copy.is_defined() ? copy.flat(begin, end) : copy,
                     .lr = lr,
                     .beta1 = options_.beta1,
                     .beta2 = options_.beta2,
                     .eps = options_.eps,
                     .weight_decay = weight_decay,
                     .bias_correction1 = 1 - std::pow(options_.beta1, t),
                     .bias_correction2 = 1 - std::pow(options_.beta2, t),
                     .grad_scale = grad_scale});
  };
  update(0, parameters_.n_decayed(), options_.weight_decay);
  update(parameters_.n_decayed(), parameters_.values().numel(), 0);
}

std::vector<NamedTensor> Adamw::state() const {
  std::vector<NamedTensor> result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_.specs()[i].name;
    result.push_back({.name = name + ".m", .tensor = parameters_.view(m_, i)});
    result.push_back({.name = name + ".v", .tensor = parameters_.view(v_, i)});
  }
  return result;
}

void Adamw::load(const SafetensorsFile& file, std::int64_t n_steps) {
  for (const NamedTensor& entry : state()) {
    file.load_into(backend_, entry.name, entry.tensor, ValueCheck::finite);
  }
  n_steps_ = n_steps;
}

}  // namespace alpha
