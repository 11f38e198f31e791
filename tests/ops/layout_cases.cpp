#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/layout.h"

namespace alpha::test {

namespace {

OpCase layout_case(OpId op, std::string name, std::function<std::vector<Tensor>(OpInputs&)> run) {
  return {
      .op = op, .name = std::move(name), .run = std::move(run), .factor = 0, .dtypes = kAnyDType};
}

OpCase transpose_case(const Shape& shape, int axis0, int axis1) {
  return layout_case(OpId::transpose, fmt::format("{}_axes_{}_{}", shape_name(shape), axis0, axis1),
                     [=](OpInputs& in) -> std::vector<Tensor> {
                       return {transpose(in.backend(), in.normal(shape), axis0, axis1)};
                     });
}

OpCase slice_case(const Shape& shape, const std::vector<std::int64_t>& starts,
                  const std::vector<std::int64_t>& ends) {
  return layout_case(OpId::slice,
                     fmt::format("{}_from_{}_to_{}", shape_name(shape), fmt::join(starts, "_"),
                                 fmt::join(ends, "_")),
                     [=](OpInputs& in) -> std::vector<Tensor> {
                       return {slice(in.backend(), in.normal(shape), starts, ends)};
                     });
}

OpCase write_case(const Shape& into, const Shape& x, const std::vector<std::int64_t>& starts) {
  return layout_case(
      OpId::write_slice,
      fmt::format("{}_into_{}_at_{}", shape_name(x), shape_name(into), fmt::join(starts, "_")),
      [=](OpInputs& in) -> std::vector<Tensor> {
        const Tensor target = in.normal(into);
        write_slice(in.backend(), in.normal(x), target, starts);
        return {target};
      });
}

OpCase cat_case(int axis) {
  return layout_case(OpId::write_slice, fmt::format("cat_axis_{}", axis),
                     [=](OpInputs& in) -> std::vector<Tensor> {
                       const Shape shape = {3, 5, 7};
                       const int at = (axis + 3) % 3;
                       const std::vector<Tensor> parts = {
                           in.normal(shape), in.normal(shape.with(at, 0)),
                           in.normal(shape.with(at, 1)), in.normal(shape.with(at, 17))};
                       return {cat(in.backend(), parts, axis)};
                     });
}

}  // namespace

OpCases layout_cases() {
  OpCases cases;
  for (const Shape& shape :
       {Shape{17, 65}, Shape{3, 5, 7}, Shape{2, 3, 5, 17}, Shape{2, 3, 2, 4, 3, 5}}) {
    for (int axis0 = 0; axis0 < shape.rank(); ++axis0) {
      for (int axis1 = axis0; axis1 < shape.rank(); ++axis1) {
        cases.push_back(transpose_case(shape, axis0, axis1));
      }
    }
  }
  cases.push_back(transpose_case({129, 1000}, -1, -2));
  cases.push_back(transpose_case({4, 65, 3, 32}, 2, 1));
  cases.push_back(transpose_case({1, 63}, 1, 0));
  cases.push_back(transpose_case({0, 3}, 0, 1));
  cases.push_back(transpose_case({1}, 0, 0));

  cases.push_back(slice_case({17, 65}, {3, 0}, {9, 65}));
  cases.push_back(slice_case({17, 65}, {0, 7}, {17, 40}));
  cases.push_back(slice_case({17, 65}, {16, 64}, {17, 65}));
  cases.push_back(slice_case({17, 65}, {0, 0}, {17, 65}));
  cases.push_back(slice_case({17, 65}, {4, 3}, {4, 60}));
  cases.push_back(slice_case({3, 5, 7}, {1, 2, 3}, {3, 4, 7}));
  cases.push_back(slice_case({2, 3, 2, 4, 3, 5}, {0, 1, 0, 1, 0, 2}, {2, 3, 1, 4, 3, 4}));
  cases.push_back(slice_case({70001}, {129}, {66000}));
  cases.push_back(slice_case({}, {}, {}));
  for (int axis = -3; axis < 3; ++axis) {
    cases.push_back(layout_case(OpId::slice, fmt::format("one_axis_{}", axis),
                                [=](OpInputs& in) -> std::vector<Tensor> {
                                  return {slice(in.backend(), in.normal({5, 6, 7}), axis, 2, 4)};
                                }));
  }

  cases.push_back(write_case({17, 65}, {6, 65}, {3, 0}));
  cases.push_back(write_case({17, 65}, {17, 33}, {0, 7}));
  cases.push_back(write_case({17, 65}, {0, 3}, {17, 0}));
  cases.push_back(write_case({3, 5, 7}, {2, 2, 4}, {1, 2, 3}));
  cases.push_back(write_case({2, 3, 2, 4, 3, 5}, {1, 2, 1, 3, 2, 3}, {1, 0, 1, 1, 1, 2}));
  for (int axis = -3; axis < 3; ++axis) cases.push_back(cat_case(axis));
  return cases;
}

}  // namespace alpha::test
