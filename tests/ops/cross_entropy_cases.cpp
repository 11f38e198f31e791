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
            const auto result =
                cross_entropy(in.backend(), logits, targets_of(in, r), r.ignore_index);
            return {result.loss, result.lse};
          },
          .magnitude = r.magnitude};
}

/// `dlogits` is the dtype of the gradient; f64 stands for that of the logits.
OpCase backward(const Rows& r, DType dlogits) {
  const bool is_same = dlogits == DType::f64;
  return {
      .op = OpId::cross_entropy_backward,
      .name = name_of(r) + (is_same ? "" : fmt::format("_to_{}", to_string(dlogits))),
      .run = [=](OpInputs& in) -> std::vector<Tensor> {
        const Tensor logits = in.normal(r.logits, r.std);
        const Tensor targets = targets_of(in, r);
        const auto result = cross_entropy(in.backend(), logits, targets, r.ignore_index);
        const Tensor dloss = full(in.backend(), {}, 1.5, in.accumulation());
        return {cross_entropy_backward(in.backend(), logits, targets, result.lse, dloss,
                                       is_same ? in.dtype() : in.output(dlogits), r.ignore_index)};
      },
      .magnitude = r.magnitude / 8};
}

}  // namespace

OpCases cross_entropy_cases() {
  OpCases cases;
  for (const Rows& r :
       {Rows{.logits = {1, 1}}, Rows{.logits = {3, 17}}, Rows{.logits = {65, 129}},
        Rows{.logits = {2, 3, 63}}, Rows{.logits = {5, 1000}}, Rows{.logits = {0, 7}},
        Rows{.logits = {300, 1001}}, Rows{.logits = {2, 9000}}, Rows{.logits = {2, 9001}},
        Rows{.logits = {17, 65}, .ignored = Ignored::some},
        Rows{.logits = {17, 65}, .ignored = Ignored::some, .ignore_index = -100},
        Rows{.logits = {17, 65}, .ignored = Ignored::some, .ignore_index = 3},
        Rows{.logits = {17, 65}, .ignored = Ignored::all},
        Rows{.logits = {17, 65}, .std = 1e4, .magnitude = 2e3}}) {
    cases.push_back(forward(r));
    for (const DType dlogits : {DType::f64, DType::f32, DType::bf16}) {
      cases.push_back(backward(r, dlogits));
    }
  }
  return cases;
}

}  // namespace alpha::test
