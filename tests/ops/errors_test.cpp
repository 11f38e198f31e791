#include "tests/ops/bad_call.h"

namespace alpha::test {
namespace {

class ElementwiseErrors : public OpErrors {};

AdamwArgs adamw_args(Backend& b, const Shape& parameters, const Shape& gradients) {
  return {.parameters = x(b, parameters),
          .gradients = x(b, gradients),
          .m = x(b, parameters),
          .v = x(b, parameters),
          .copy = {},
          .scale = x(b, {})};
}

std::vector<BadCall> elementwise_calls() {
  return {
      {"add_shapes",
       [](Backend& b) {
         add(b, x(b, {2, 3}), x(b, {4}));
       },
       {"[add]", "[2, 3]", "[4]"}},
      {"sub_shapes",
       [](Backend& b) {
         sub(b, x(b, {2, 3}), x(b, {3, 2}));
       },
       {"[sub]", "[2, 3]", "[3, 2]"}},
      {"mul_shapes",
       [](Backend& b) {
         mul(b, x(b, {5}), x(b, {2, 0}));
       },
       {"[mul]", "[5]", "[2, 0]"}},
      {"div_shapes",
       [](Backend& b) {
         div(b, x(b, {5, 1, 2}), x(b, {3}));
       },
       {"[div]", "[5, 1, 2]", "[3]"}},
      {"add_in_place_shapes",
       [](Backend& b) { add_in_place(b, x(b, {3}), x(b, {1})); },
       {"[add]", "[3]", "[1]"}},
      {"add_in_place_dtypes",
       [](Backend& b) { add_in_place(b, x(b, {3}), x(b, {3}, DType::bf16)); },
       {"[add]", "f32", "bf16"}},
      {"gelu_dtype", [](Backend& b) { gelu(b, x(b, {3}, DType::i32)); }, {"[gelu]", "i32"}},
      {"gelu_backward_shapes",
       [](Backend& b) { gelu_backward(b, x(b, {3}), x(b, {4})); },
       {"[gelu_backward]", "[3]", "[4]"}},
      {"clamp_bounds", [](Backend& b) { clamp(b, x(b, {3}), 2, 1); }, {"[clamp]", "2", "1"}},
      {"soft_cap_zero", [](Backend& b) { soft_cap(b, x(b, {3}), 0); }, {"[soft_cap]", "0"}},
      {"soft_cap_backward_zero",
       [](Backend& b) { soft_cap_backward(b, x(b, {3}), x(b, {3}), -2); },
       {"[soft_cap_backward]", "-2"}},
      {"swiglu_shapes",
       [](Backend& b) { swiglu(b, x(b, {3}), x(b, {4})); },
       {"[swiglu]", "[3]", "[4]"}},
      {"swiglu_backward_shapes",
       [](Backend& b) { swiglu_backward(b, x(b, {3}), x(b, {3}), x(b, {4})); },
       {"[swiglu_backward]", "[3]", "[4]"}},
      {"dropout_probability",
       [](Backend& b) { dropout(b, x(b, {3}), 1, {}); },
       {"[dropout]", "1", "p < 1"}},
      {"residual_dropout_shapes",
       [](Backend& b) { residual_dropout(b, x(b, {3}), x(b, {4}), 0.5, {}); },
       {"[residual_dropout]", "[3]", "[4]"}},
      {"residual_dropout_probability",
       [](Backend& b) { residual_dropout(b, x(b, {3}), x(b, {3}), -0.5, {}); },
       {"[residual_dropout]", "-0.5"}},
      {"masked_fill_shapes",
       [](Backend& b) {
         masked_fill(b, x(b, {2, 3}), x(b, {2}), 0);
       },
       {"[masked_fill]", "[2, 3]", "[2]"}},
      {"masked_fill_dtype",
       [](Backend& b) { masked_fill(b, x(b, {3}), x(b, {3}, DType::i32), 0); },
       {"[masked_fill]", "i32", "f32"}},
      {"cast_into_shapes",
       [](Backend& b) { cast_into(b, x(b, {3}), x(b, {4})); },
       {"[cast]", "[3]", "[4]"}},
      {"cast_into_itself",
       [](Backend& b) {
         const Tensor t = x(b, {6});
         cast_into(b, t.flat(0, 4), t.flat(2, 6));
       },
       {"[cast]", "shares memory"}},
      {"adamw_shapes",
       [](Backend& b) { adamw(b, adamw_args(b, {3}, {4})); },
       {"[adamw]", "gradients", "[3]", "[4]"}},
      {"sgd_momentum",
       [](Backend& b) {
         sgd(b, {.parameters = x(b, {3}),
                 .gradients = x(b, {3}),
                 .m = x(b, {4}),
                 .copy = {},
                 .scale = x(b, {})});
       },
       {"[sgd]", "m", "[4]", "[3]"}},
      {"lion_momentum",
       [](Backend& b) {
         lion(b, {.parameters = x(b, {3}),
                  .gradients = x(b, {3}),
                  .m = x(b, {4}),
                  .copy = {},
                  .scale = x(b, {})});
       },
       {"[lion]", "m", "[4]", "[3]"}},
      {"adamw_copy",
       [](Backend& b) {
         AdamwArgs args = adamw_args(b, {3}, {3});
         args.copy = x(b, {2}, DType::bf16);
         adamw(b, args);
       },
       {"[adamw]", "copy", "[2]", "[3]"}},
      {"adamw_scale_shape",
       [](Backend& b) {
         AdamwArgs args = adamw_args(b, {3}, {3});
         args.scale = x(b, {1});
         adamw(b, args);
       },
       {"[adamw]", "scale", "[1]", "[]"}},
      {"adamw_scale_dtype",
       [](Backend& b) {
         AdamwArgs args = adamw_args(b, {3}, {3});
         args.scale = x(b, {}, DType::bf16);
         adamw(b, args);
       },
       {"[adamw]", "scale", "bf16", "f32"}},
      {"adamw_scale_missing",
       [](Backend& b) {
         AdamwArgs args = adamw_args(b, {3}, {3});
         args.scale = {};
         adamw(b, args);
       },
       {"[adamw]", "no scale"}},
      {"gradient_scale_losses",
       [](Backend& b) {
         gradient_scale(b, x(b, {2, 2}), empty(b, {}, DType::f64), 1, 0);
       },
       {"[gradient_scale]", "losses", "[2, 2]", "[4]"}},
      {"gradient_scale_of_no_loss",
       [](Backend& b) { gradient_scale(b, x(b, {0}), empty(b, {}, DType::f64), 1, 0); },
       {"[gradient_scale]", "no losses"}},
      {"gradient_scale_squares",
       [](Backend& b) { gradient_scale(b, x(b, {2}), x(b, {}), 1, 0); },
       {"[gradient_scale]", "squares", "f32", "f64"}},
      {"gradient_scale_clip",
       [](Backend& b) { gradient_scale(b, x(b, {2}), empty(b, {}, DType::f64), -1, 0); },
       {"[gradient_scale]", "clip", "-1"}},
      {"gradient_scale_spike_threshold",
       [](Backend& b) { gradient_scale(b, x(b, {2}), empty(b, {}, DType::f64), 1, -2); },
       {"[gradient_scale]", "spike threshold", "-2"}},
  };
}

std::vector<BadCall> reduction_calls() {
  return {
      {"sum_to_shapes",
       [](Backend& b) {
         sum_to(b, x(b, {2, 3}), {2});
       },
       {"[sum_to]", "[2, 3]", "[2]"}},
      {"sum_to_accumulate_dtype",
       [](Backend& b) { sum_to_accumulate(b, x(b, {2}), x(b, {1}, DType::bf16)); },
       {"[sum_to]", "bf16", "f32"}},
      {"broadcast_to_shapes",
       [](Backend& b) {
         broadcast_to(b, x(b, {3}), {3, 2});
       },
       {"[broadcast_to]", "[3]", "[3, 2]"}},
      {"sum_axis",
       [](Backend& b) {
         sum(b, x(b, {2, 3}), 2);
       },
       {"[sum]", "axis is 2"}},
      {"mean_axis",
       [](Backend& b) {
         mean(b, x(b, {2, 3}), -3);
       },
       {"[mean]", "axis is -3"}},
      {"mean_of_nothing", [](Backend& b) { mean(b, x(b, {0})); }, {"[mean]", "no elements"}},
      {"mean_of_an_empty_axis",
       [](Backend& b) {
         mean(b, x(b, {3, 0}), 1);
       },
       {"[mean]", "no elements"}},
      {"sum_squares_dtype",
       [](Backend& b) { sum_squares(b, x(b, {2}, DType::i32)); },
       {"[sum_squares]", "i32"}},
      {"softmax_axis",
       [](Backend& b) {
         softmax(b, x(b, {2, 3}), 2);
       },
       {"[softmax]", "axis is 2"}},
      {"softmax_empty_row",
       [](Backend& b) {
         softmax(b, x(b, {2, 0}));
       },
       {"[softmax]", "[2, 0]"}},
      {"log_softmax_empty_row",
       [](Backend& b) {
         log_softmax(b, x(b, {0, 3}), 0);
       },
       {"[log_softmax]", "[0, 3]"}},
      {"softmax_backward_shapes",
       [](Backend& b) { softmax_backward(b, x(b, {3}), x(b, {4})); },
       {"[softmax_backward]", "[3]", "[4]"}},
      {"log_softmax_backward_shapes",
       [](Backend& b) {
         log_softmax_backward(b, x(b, {3}), x(b, {3, 1}));
       },
       {"[log_softmax_backward]", "[3]", "[3, 1]"}},
      {"cross_entropy_targets",
       [](Backend& b) {
         cross_entropy(b, x(b, {2, 5}), x(b, {3}, DType::i32));
       },
       {"[cross_entropy]", "[2]", "[3]"}},
      {"cross_entropy_target_dtype",
       [](Backend& b) {
         cross_entropy(b, x(b, {2, 5}), x(b, {2}));
       },
       {"[cross_entropy]", "targets", "i32"}},
      {"cross_entropy_without_classes",
       [](Backend& b) {
         cross_entropy(b, x(b, {2, 0}), x(b, {2}, DType::i32));
       },
       {"[cross_entropy]", "[2, 0]"}},
      {"cross_entropy_gradient_dloss",
       [](Backend& b) {
         cross_entropy_gradient(b, x(b, {2, 5}), x(b, {2}, DType::i32), DType::f32, 0);
       },
       {"[cross_entropy_gradient]", "dloss", "0"}},
      {"cross_entropy_gradient_dtype",
       [](Backend& b) {
         cross_entropy_gradient(b, x(b, {2, 5}), x(b, {2}, DType::i32), DType::i32);
       },
       {"[cross_entropy_gradient]", "i32"}},
      {"rescale_wanted",
       [](Backend& b) { rescale(b, x(b, {5}), x(b, {1}), 1); },
       {"[rescale]", "wanted", "[1]"}},
      {"rescale_wanted_dtype",
       [](Backend& b) { rescale(b, x(b, {5}, DType::bf16), x(b, {}, DType::bf16), 1); },
       {"[rescale]", "wanted", "bf16", "f32"}},
      {"rescale_present",
       [](Backend& b) { rescale(b, x(b, {5}), x(b, {}), 0); },
       {"[rescale]", "present", "0"}},
      {"layer_norm_weight",
       [](Backend& b) {
         layer_norm(b, x(b, {2, 5}), x(b, {4}), Tensor());
       },
       {"[layer_norm]", "weight", "[4]", "[5]"}},
      {"layer_norm_bias",
       [](Backend& b) {
         layer_norm(b, x(b, {2, 5}), x(b, {5}), x(b, {4}));
       },
       {"[layer_norm]", "bias", "[4]", "[5]"}},
      {"layer_norm_scalar",
       [](Backend& b) { layer_norm(b, x(b, {}), x(b, {1}), Tensor()); },
       {"[layer_norm]", "[]"}},
      {"layer_norm_backward_dweight_dtype",
       [](Backend& b) {
         const Tensor t = x(b, {2, 5}, DType::bf16);
         const Tensor weight = x(b, {5}, DType::bf16);
         layer_norm_backward(b, t, weight, layer_norm(b, t, weight, Tensor()), t, weight, Tensor());
       },
       {"[layer_norm_backward]", "dweight", "bf16", "f32"}},
      {"rms_norm_weight",
       [](Backend& b) {
         rms_norm(b, x(b, {2, 5}), x(b, {1, 5}));
       },
       {"[rms_norm]", "weight", "[1, 5]", "[5]"}},
      {"rms_norm_backward_dy",
       [](Backend& b) {
         const Tensor t = x(b, {2, 5});
         const Tensor weight = x(b, {5});
         rms_norm_backward(b, t, weight, rms_norm(b, t, weight), x(b, {5, 2}), weight);
       },
       {"[rms_norm_backward]", "dy", "[2, 5]", "[5, 2]"}},
      {"topk_too_many",
       [](Backend& b) {
         topk(b, x(b, {2, 5}), 6);
       },
       {"[topk]", "6", "[2, 5]"}},
      {"topk_negative",
       [](Backend& b) {
         topk(b, x(b, {2, 5}), -1);
       },
       {"[topk]", "-1", "[2, 5]"}},
      {"argmax_empty",
       [](Backend& b) {
         argmax(b, x(b, {2, 0}));
       },
       {"[argmax]", "[2, 0]"}},
      {"argmax_axis",
       [](Backend& b) {
         argmax(b, x(b, {2, 3}), 5);
       },
       {"[argmax]", "axis is 5"}},
  };
}

TEST_P(ElementwiseErrors, ElementwiseOpsNameTheMismatch) {
  expect_refused(elementwise_calls());
}

TEST_P(ElementwiseErrors, ReductionsNameTheMismatch) {
  expect_refused(reduction_calls());
}

INSTANTIATE_TEST_SUITE_P(Ops, ElementwiseErrors, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
