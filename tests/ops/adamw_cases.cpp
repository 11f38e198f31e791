#include <cmath>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/adamw.h"

namespace alpha::test {

namespace {

struct Step {
  std::int64_t n = 1;
  int t = 1;
  double weight_decay = 0.1;
  double scale = 1;
  bool has_copy = false;
};

std::string name_of(const Step& s) {
  return fmt::format("{}_step_{}_decay_{}_scale_{}{}", s.n, s.t, s.weight_decay, s.scale,
                     s.has_copy ? "_copy" : "");
}

OpCase step_case(const Step& s) {
  return {.op = OpId::adamw,
          .name = name_of(s),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Shape shape = {s.n};
            const AdamwArgs args = {
                .parameters = in.normal(shape),
                .gradients = in.normal(shape),
                .m = in.normal(shape, 0.1),
                .v = in.uniform(shape, 0.01, 1),
                .copy = s.has_copy ? full(in.backend(), shape, 0, DType::bf16) : Tensor(),
                .scale = full(in.backend(), {}, s.scale, in.accumulation()),
                .lr = 0.01,
                .beta1 = 0.9,
                .beta2 = 0.95,
                .eps = 1e-8,
                .weight_decay = s.weight_decay,
                .bias_correction1 = 1 - std::pow(0.9, s.t),
                .bias_correction2 = 1 - std::pow(0.95, s.t)};
            adamw(in.backend(), args);
            std::vector<Tensor> outputs = {args.parameters, args.m, args.v};
            if (s.has_copy) outputs.push_back(args.copy);
            return outputs;
          },
          .factor = 2};
}

}  // namespace

OpCases adamw_cases() {
  OpCases cases;
  for (const std::int64_t n : {0, 1, 3, 17, 63, 65, 129, 1000, 70001}) {
    cases.push_back(step_case({.n = n}));
    cases.push_back(step_case({.n = n, .t = 100, .scale = 0.125, .has_copy = true}));
  }
  cases.push_back(step_case({.n = 129, .weight_decay = 0}));
  return cases;
}

}  // namespace alpha::test
