#include "tests/ops/op_case.h"

#include "alpha/tensor/ops/gather.h"

namespace alpha::test {

namespace {

struct Pick {
  Shape x;
  Shape indices;
  int axis = 0;
};

std::string name_of(const Pick& p) {
  return fmt::format("{}_axis_{}_indices_{}", shape_name(p.x), p.axis, shape_name(p.indices));
}

std::int64_t axis_size(const Pick& p) {
  return p.x[p.axis < 0 ? p.axis + p.x.rank() : p.axis];
}

OpCase gather_case(const Pick& p) {
  return {.op = OpId::gather,
          .name = name_of(p),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(p.x);
            return {gather(in.backend(), x, p.axis, in.indices(p.indices, axis_size(p)))};
          },
          .factor = 0,
          .dtypes = kAnyDType};
}

OpCase scatter_case(const Pick& p) {
  return {.op = OpId::scatter_add,
          .name = name_of(p),
          .run = [=](OpInputs& in) -> std::vector<Tensor> {
            const Tensor x = in.normal(p.indices);
            const Tensor indices = in.indices(p.indices, axis_size(p));
            return {scatter_add(in.backend(), x, p.axis, indices, p.x)};
          },
          .factor = 4,
          .magnitude = 2};
}

}  // namespace

OpCases gather_cases() {
  OpCases cases;
  for (const Pick& p :
       {Pick{{17, 65}, {17, 9}, 1}, Pick{{17, 65}, {5, 65}, 0}, Pick{{17, 65}, {40, 3}, -2},
        Pick{{3, 5, 7}, {3, 5, 7}, 0}, Pick{{3, 5, 7}, {2, 11, 7}, 1},
        Pick{{3, 5, 7}, {3, 4, 9}, 2}, Pick{{3, 5, 7}, {3, 5, 1}, -1}, Pick{{129}, {63}, 0},
        Pick{{129}, {0}, 0}, Pick{{1}, {3}, 0}, Pick{{2, 3, 2, 4, 3, 5}, {2, 3, 1, 6, 2, 5}, 3}}) {
    cases.push_back(gather_case(p));
    cases.push_back(scatter_case(p));
  }
  return cases;
}

}  // namespace alpha::test
