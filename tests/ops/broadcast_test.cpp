#include <memory>

#include "tests/ops/backend_param.h"
#include "tests/ops/tolerance.h"
#include <gtest/gtest.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::test {
namespace {

// Random shapes against index arithmetic that is written out here, so that neither backend nor the
// library's own stride helpers are their own witness.

std::int64_t below(SeededRng& rng, std::int64_t n) {
  return static_cast<std::int64_t>(rng.next() * static_cast<double>(n));
}

std::vector<double> draw(SeededRng& rng, const Shape& shape) {
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& v : values) v = static_cast<float>(rng.next_gauss());
  return values;
}

Shape random_shape(SeededRng& rng, int max_rank) {
  Shape shape;
  for (auto left = below(rng, max_rank + 1); left > 0; --left) {
    shape = shape.appended(1 + below(rng, 4));
  }
  return shape;
}

/// What is left of `shape` when some axes shrink to 1 and some leading ones go.
Shape random_broadcast_source(SeededRng& rng, const Shape& shape) {
  Shape result;
  for (auto axis = below(rng, shape.rank() + 1); axis < shape.rank(); ++axis) {
    result = result.appended(rng.next() < 0.5 ? 1 : shape[static_cast<int>(axis)]);
  }
  return result;
}

/// The element of a tensor of shape `from` that stands at element `flat` of shape `to`.
std::size_t source_index(const Shape& from, const Shape& to, std::int64_t flat) {
  std::int64_t index = 0;
  std::int64_t stride = 1;
  for (int i = 1; i <= to.rank(); ++i) {
    const std::int64_t size = to[to.rank() - i];
    const std::int64_t position = flat % size;
    flat /= size;
    if (i > from.rank()) continue;
    const std::int64_t own = from[from.rank() - i];
    index += own == 1 ? 0 : position * stride;
    stride *= own;
  }
  return static_cast<std::size_t>(index);
}

class Broadcasting : public testing::TestWithParam<std::string_view> {
 protected:
  static constexpr int kPairs = 250;

  Tensor tensor(const Shape& shape, const std::vector<double>& values) {
    return from_values(*backend_, shape, std::span<const double>(values));
  }

  void expect_result(const Tensor& result, const Shape& shape, const std::vector<double>& truth,
                     double magnitude) {
    ASSERT_EQ(result.shape(), shape);
    const auto mismatch =
        worst_mismatch(to_doubles(*backend_, result), truth, DType::f32, {.magnitude = magnitude});
    EXPECT_FALSE(mismatch) << mismatch.value_or("");
  }

  std::unique_ptr<Backend> backend_ = make_backend(GetParam());
  SeededRng rng_{2024};
};

TEST_P(Broadcasting, AddAndMulPairTheRightElements) {
  for (int trial = 0; trial < kPairs; ++trial) {
    const Shape out = random_shape(rng_, kMaxRank);
    // One operand keeps every axis that the other shrinks, so that together they make `out`.
    const Shape a = random_broadcast_source(rng_, out);
    Shape b = out;
    for (int i = 1; i <= a.rank(); ++i) {
      const int axis = out.rank() - i;
      if (a[a.rank() - i] == out[axis] && rng_.next() < 0.5) b = b.with(axis, 1);
    }
    SCOPED_TRACE(fmt::format("trial {}: {} with {}", trial, a, b));
    const auto x = draw(rng_, a);
    const auto y = draw(rng_, b);
    std::vector<double> sums(static_cast<std::size_t>(out.numel()));
    std::vector<double> products(sums.size());
    for (std::int64_t i = 0; i < out.numel(); ++i) {
      const double p = x[source_index(a, out, i)];
      const double q = y[source_index(b, out, i)];
      sums[static_cast<std::size_t>(i)] = p + q;
      products[static_cast<std::size_t>(i)] = p * q;
    }
    expect_result(add(*backend_, tensor(a, x), tensor(b, y)), out, sums, 0);
    expect_result(mul(*backend_, tensor(b, y), tensor(a, x)), out, products, 0);
  }
}

TEST_P(Broadcasting, BroadcastToRepeatsAndSumToUndoesIt) {
  for (int trial = 0; trial < kPairs; ++trial) {
    const Shape large = random_shape(rng_, kMaxRank);
    const Shape small = random_broadcast_source(rng_, large);
    SCOPED_TRACE(fmt::format("trial {}: {} and {}", trial, small, large));
    const auto x = draw(rng_, small);
    const auto y = draw(rng_, large);
    std::vector<double> repeated(y.size());
    std::vector<double> sums(x.size(), 0.0);
    for (std::int64_t i = 0; i < large.numel(); ++i) {
      const std::size_t from = source_index(small, large, i);
      repeated[static_cast<std::size_t>(i)] = x[from];
      sums[from] += y[static_cast<std::size_t>(i)];
    }
    expect_result(broadcast_to(*backend_, tensor(small, x), large), large, repeated, 0);
    expect_result(sum_to(*backend_, tensor(large, y), small), small, sums, 8);
  }
}

struct Product {
  Shape a_batch;
  Shape b_batch;
  Shape batch;
  std::int64_t M = 1;
  std::int64_t N = 1;
  std::int64_t K = 1;
  MatmulOptions options;
};

Shape matrix(const Shape& batch, std::int64_t rows, std::int64_t columns, bool transposed) {
  return transposed ? batch.appended(columns).appended(rows)
                    : batch.appended(rows).appended(columns);
}

/// The product by its definition, added to `out`.
void add_product(const Product& p, const std::vector<double>& a, const std::vector<double>& b,
                 std::vector<double>& out) {
  for (std::int64_t batch = 0; batch < p.batch.numel(); ++batch) {
    const auto a_start =
        static_cast<std::int64_t>(source_index(p.a_batch, p.batch, batch)) * p.M * p.K;
    const auto b_start =
        static_cast<std::int64_t>(source_index(p.b_batch, p.batch, batch)) * p.K * p.N;
    for (std::int64_t i = 0; i < p.M * p.N; ++i) {
      const std::int64_t row = i / p.N;
      const std::int64_t column = i % p.N;
      double sum = 0;
      for (std::int64_t k = 0; k < p.K; ++k) {
        const std::int64_t at_a = p.options.trans_a ? k * p.M + row : row * p.K + k;
        const std::int64_t at_b = p.options.trans_b ? column * p.K + k : k * p.N + column;
        sum += a[static_cast<std::size_t>(a_start + at_a)] *
               b[static_cast<std::size_t>(b_start + at_b)];
      }
      out[static_cast<std::size_t>(batch * p.M * p.N + i)] += sum;
    }
  }
}

class BatchedMatmul : public Broadcasting {
 protected:
  void expect_product(const Product& p, DType dtype) {
    const Shape a_shape = matrix(p.a_batch, p.M, p.K, p.options.trans_a);
    const Shape b_shape = matrix(p.b_batch, p.K, p.N, p.options.trans_b);
    const Shape out_shape = p.batch.appended(p.M).appended(p.N);
    const auto a_drawn = draw(rng_, a_shape);
    const auto b_drawn = draw(rng_, b_shape);
    const Tensor a = from_values(*backend_, a_shape, std::span<const double>(a_drawn), dtype);
    const Tensor b = from_values(*backend_, b_shape, std::span<const double>(b_drawn), dtype);
    std::vector<double> truth(static_cast<std::size_t>(out_shape.numel()), 0.0);
    add_product(p, to_doubles(*backend_, a), to_doubles(*backend_, b), truth);
    const Tensor product = matmul(*backend_, a, b, p.options);
    ASSERT_EQ(product.shape(), out_shape);
    const auto mismatch =
        worst_mismatch(to_doubles(*backend_, product), truth, dtype, {.magnitude = 4});
    EXPECT_FALSE(mismatch) << "product: " << mismatch.value_or("");

    const Tensor sum = ones(*backend_, out_shape, DType::f32);
    matmul_accumulate(*backend_, a, b, sum, p.options);
    for (double& v : truth) v += 1;
    const auto sum_mismatch =
        worst_mismatch(to_doubles(*backend_, sum), truth, DType::f32, {.magnitude = 4});
    EXPECT_FALSE(sum_mismatch) << "added in f32: " << sum_mismatch.value_or("");
  }

  Product random_product() {
    Product p;
    p.batch = random_shape(rng_, kMaxRank - 2);
    p.a_batch = random_broadcast_source(rng_, p.batch);
    p.b_batch = p.batch;
    for (int i = 1; i <= p.a_batch.rank(); ++i) {
      const int axis = p.batch.rank() - i;
      if (p.a_batch[p.a_batch.rank() - i] == p.batch[axis] && rng_.next() < 0.5) {
        p.b_batch = p.b_batch.with(axis, 1);
      }
    }
    if (rng_.next() < 0.5) std::swap(p.a_batch, p.b_batch);
    p.M = 1 + below(rng_, 9);
    p.N = 1 + below(rng_, 9);
    p.K = 1 + below(rng_, 17);
    p.options = {.trans_a = rng_.next() < 0.5, .trans_b = rng_.next() < 0.5};
    return p;
  }
};

TEST_P(BatchedMatmul, PairsTheRightMatrices) {
  for (int trial = 0; trial < 150; ++trial) {
    const Product p = random_product();
    for (const DType dtype : {DType::f32, DType::bf16}) {
      SCOPED_TRACE(fmt::format("trial {}: batch {} with {}, {}x{}x{}, transposed {} {}, {}", trial,
                               p.a_batch, p.b_batch, p.M, p.N, p.K, p.options.trans_a,
                               p.options.trans_b, to_string(dtype)));
      expect_product(p, dtype);
    }
  }
}

TEST_P(BatchedMatmul, CrossesRowsOfOneBatchWithHeadsOfAnother) {
  Product p = {.a_batch = {3, 1},
               .b_batch = {1, 4},
               .batch = {3, 4},
               .M = 17,
               .N = 9,
               .K = 33,
               .options = {}};
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      p.options = {.trans_a = trans_a, .trans_b = trans_b};
      for (const DType dtype : {DType::f32, DType::bf16}) expect_product(p, dtype);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, Broadcasting, each_backend(), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Ops, BatchedMatmul, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
