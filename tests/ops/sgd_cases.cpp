#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/sgd.h"

namespace alpha::test {

namespace {

struct Step {
  std::int64_t n = 1;
  double momentum = 0.9;  // 0: without
  double weight_decay = 0.1;
  double scale = 1;
  bool has_copy = false;
};

OpCase step_case(const Step& s) {
  return {.op = OpId::sgd,
          .name = fmt::format("{}_momentum_{}_decay_{}_scale_{}{}", s.n, s.momentum, s.weight_decay,
                              s.scale, s.has_copy ? "_copy" : ""),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Shape shape = {s.n};
            const SgdArgs args = {
                .parameters = in.normal(shape),
                .gradients = in.normal(shape),
                .m = s.momentum > 0 ? in.normal(shape) : Tensor(),
                .copy = s.has_copy ? full(in.backend(), shape, 0, DType::bf16) : Tensor(),
                .scale = full(in.backend(), {}, s.scale, in.accumulation()),
                .lr = 0.1,
                .momentum = s.momentum,
                .weight_decay = s.weight_decay};
            sgd(in.backend(), args);
            std::vector<Tensor> outputs = {args.parameters};
            if (args.m.is_defined()) outputs.push_back(args.m);
            if (s.has_copy) outputs.push_back(args.copy);
            return outputs;
          },
          .factor = 2};
}

}  // namespace

OpCases sgd_cases() {
  OpCases cases;
  for (const std::int64_t n : {0, 1, 3, 17, 65, 1000, 70001}) {
    cases.push_back(step_case({.n = n}));
    cases.push_back(step_case({.n = n, .scale = 0.125, .has_copy = true}));
    cases.push_back(step_case({.n = n, .momentum = 0, .has_copy = true}));
  }
  cases.push_back(step_case({.n = 129, .weight_decay = 0}));
  return cases;
}

}  // namespace alpha::test
