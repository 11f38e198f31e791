#include <limits>

#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/gradient_scale.h"

namespace alpha::test {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Limits {
  std::string name;
  std::vector<double> losses = {2.5};
  double squares = 4;
  double clip = 1;
  double spike_threshold = 0;
};

OpCase scale_case(const Limits& limits) {
  return {.op = OpId::gradient_scale,
          .name = limits.name,
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const auto n = static_cast<std::int64_t>(limits.losses.size());
            const Tensor squares = empty(in.backend(), {}, DType::f64);
            in.backend().upload(&limits.squares, squares);
            const auto [scale, report] =
                gradient_scale(in.backend(), in.values({n}, limits.losses), squares, limits.clip,
                               limits.spike_threshold);
            // The last of the report is as precise as the backend computes: see the known values.
            return {scale, report.flat(0, n + 1)};
          },
          .magnitude = 0};
}

}  // namespace

OpCases gradient_scale_cases() {
  std::vector<double> many(300, 0.25);
  std::vector<double> one_bad = many;
  one_bad[299] = kNaN;
  OpCases cases;
  for (const Limits& limits : std::vector<Limits>{
           {.name = "clipped"},
           {.name = "clipped_by_an_odd_power", .squares = 7.7, .clip = 0.3},
           {.name = "below_the_clip", .squares = 0.5},
           {.name = "at_the_clip", .squares = 9, .clip = 3},
           {.name = "just_above_the_clip", .squares = 9.000000000000004, .clip = 3},
           {.name = "no_gradient", .squares = 0},
           {.name = "no_clip", .squares = 1e30, .clip = 0},
           {.name = "spike", .spike_threshold = 1.5},
           {.name = "at_the_spike_threshold", .spike_threshold = 2},
           {.name = "spike_without_clip", .clip = 0, .spike_threshold = 1.5},
           {.name = "losses", .losses = {1, -2, 0, 3.75}, .clip = 10},
           {.name = "many_losses", .losses = many, .clip = 0},
           {.name = "the_last_loss_is_nan", .losses = one_bad},
           {.name = "loss_nan", .losses = {1, kNaN, 2}},
           {.name = "loss_infinite", .losses = {kInfinity}, .clip = 0},
           {.name = "loss_minus_infinite", .losses = {1, -kInfinity}},
           {.name = "squares_nan", .squares = kNaN, .clip = 0},
           {.name = "squares_infinite", .squares = kInfinity},
           {.name = "squares_beyond_f32", .squares = 1e60},
           {.name = "squares_beyond_f32_without_clip", .squares = 1e60, .clip = 0},
           {.name = "squares_beyond_f32_are_a_spike", .squares = 1e60, .spike_threshold = 9e29},
           {.name = "squares_below_f32", .squares = 1e-60, .clip = 1e-31},
           {.name = "scale_below_f32", .squares = 1e200},
           {.name = "clip_beyond_f32", .squares = 1e100, .clip = 3e49},
           {.name = "clip_beyond_everything", .squares = 1e300, .clip = 1e200}}) {
    cases.push_back(scale_case(limits));
  }
  return cases;
}

}  // namespace alpha::test
