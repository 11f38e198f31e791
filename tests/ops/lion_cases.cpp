#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/lion.h"

namespace alpha::test {

namespace {

struct Step {
  std::int64_t n = 1;
  double weight_decay = 0.1;
  double scale = 1;
  bool has_copy = false;
};

// With β1 = 7/8 the mean of narrow numbers is exact, and its sign no matter of rounding.
OpCase step_case(const Step& s) {
  return {.op = OpId::lion,
          .name = fmt::format("{}_decay_{}_scale_{}{}", s.n, s.weight_decay, s.scale,
                              s.has_copy ? "_copy" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Shape shape = {s.n};
            const LionArgs args = {
                .parameters = in.normal(shape),
                .gradients = in.normal(shape),
                .m = in.normal(shape, 0.1),
                .copy = s.has_copy ? full(in.backend(), shape, 0, DType::bf16) : Tensor(),
                .scale = full(in.backend(), {}, s.scale, in.accumulation()),
                .lr = 0.01,
                .beta1 = 0.875,
                .beta2 = 0.99,
                .weight_decay = s.weight_decay};
            lion(in.backend(), args);
            std::vector<Tensor> outputs = {args.parameters, args.m};
            if (s.has_copy) outputs.push_back(args.copy);
            return outputs;
          },
          .factor = 2};
}

}  // namespace

OpCases lion_cases() {
  OpCases cases;
  for (const std::int64_t n : {0, 1, 3, 17, 65, 1000, 70001}) {
    cases.push_back(step_case({.n = n}));
    cases.push_back(step_case({.n = n, .scale = 0.125, .has_copy = true}));
  }
  cases.push_back(step_case({.n = 129, .weight_decay = 0}));
  return cases;
}

}  // namespace alpha::test
