#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/cross_entropy.h"

namespace alpha::test {

namespace {

enum class Ignored { none, some, all };

struct Rows {
  Shape logits;
  Ignored ignored = Ignored::none;
  std::int32_t ignore_index = kIgnoreIndex;
  double std = 2;
  double magnitude = 4;
  double gradient_magnitude = 0.5;
};

std::string name_of(const Rows& r) {
  constexpr std::string_view kIgnored[] = {"", "_some_ignored", "_all_ignored"};
  return fmt::format("{}_of_size_{}{}{}", shape_name(r.logits), r.std,
                     kIgnored[static_cast<std::size_t>(r.ignored)],
                     r.ignore_index == kIgnoreIndex ? "" : fmt::format("_{}", r.ignore_index));
}

Tensor targets_of(OpInputs& in, const Rows& r) {
  const Shape shape = r.logits.without(r.logits.rank() - 1);
  std::vector<std::int32_t> targets(static_cast<std::size_t>(shape.numel()));
  for (std::int32_t& target : targets) {
    const double draw = in.rng().next();
    const bool is_ignored =
        r.ignored == Ignored::all || (r.ignored == Ignored::some && in.rng().next() < 0.4);
    target = is_ignored ? r.ignore_index
                        : static_cast<std::int32_t>(draw * static_cast<double>(r.logits.back()));
  }
  return in.integers(shape, targets);
}

OpCase forward(const Rows& r) {
  return {.op = OpId::cross_entropy,
          .name = name_of(r),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor logits = in.normal(r.logits, r.std);
            return {cross_entropy(in.backend(), logits, targets_of(in, r), r.ignore_index)};
          },
          .magnitude = r.magnitude};
}

enum class Output { loss, gradient };

/// `dlogits` is the dtype of the gradient; f64 stands for that of the logits.
OpCase gradient(const Rows& r, DType dlogits, Output output) {
  const bool is_same = dlogits == DType::f64;
  return {.op = OpId::cross_entropy_gradient,
          .name = fmt::format("{}{}_{}", name_of(r),
                              is_same ? "" : fmt::format("_to_{}", to_string(dlogits)),
                              output == Output::loss ? "loss" : "gradient"),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor logits = in.normal(r.logits, r.std);
            const CrossEntropyGradient result = cross_entropy_gradient(
                in.backend(), logits, targets_of(in, r), is_same ? in.dtype() : in.output(dlogits),
                1.5, r.ignore_index);
            return {output == Output::loss ? result.loss : result.dlogits};
          },
          .magnitude = output == Output::loss ? r.magnitude : r.gradient_magnitude};
}

}  // namespace

OpCases cross_entropy_cases() {
  OpCases cases;
  for (const Rows& r :
       {Rows{.logits = {1, 1}}, Rows{.logits = {3, 17}}, Rows{.logits = {65, 129}},
        Rows{.logits = {2, 3, 63}}, Rows{.logits = {5, 1000}}, Rows{.logits = {0, 7}},
        Rows{.logits = {300, 1001}}, Rows{.logits = {2, 9000}}, Rows{.logits = {2, 9001}},
        Rows{.logits = {3, 20000}}, Rows{.logits = {2, 20001}},
        Rows{.logits = {17, 65}, .ignored = Ignored::some},
        Rows{.logits = {17, 65}, .ignored = Ignored::some, .ignore_index = -100},
        Rows{.logits = {17, 65}, .ignored = Ignored::some, .ignore_index = 3},
        Rows{.logits = {17, 65}, .ignored = Ignored::all},
        Rows{.logits = {17, 65}, .std = 1e4, .magnitude = 2e3}}) {
    cases.push_back(forward(r));
    for (const DType dlogits : {DType::f64, DType::f32, DType::bf16, DType::f16}) {
      for (const Output output : {Output::loss, Output::gradient}) {
        cases.push_back(gradient(r, dlogits, output));
      }
    }
  }
  return cases;
}

}  // namespace alpha::test
