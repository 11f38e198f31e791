#include <cstring>
#include <memory>
#include <string>
#include <tuple>

#include "tests/ops/backend_param.h"
#include "tests/ops/op_case.h"
#include "tests/ops/tolerance.h"
#include <gtest/gtest.h>

namespace alpha::test {
namespace {

/// Leaves blocks full of NaNs for the outputs of the next run, so that an element that a kernel
/// forgets does not hold the right number of an earlier run by chance.
void poison(Backend& backend, const std::vector<Tensor>& truth, DType dtype) {
  std::vector<Tensor> held;
  for (const Tensor& like : truth) {
    for (const DType each : {dtype, accumulation_dtype(dtype)}) {
      for (int i = 0; i < 4; ++i) {
        held.push_back(empty(backend, like.shape(), each));
        const std::vector<std::byte> ones(held.back().size_bytes(), std::byte{0xff});
        backend.upload(ones.data(), held.back());
      }
    }
  }
}

void expect_matches(const OpCase& op_case, Backend& backend, DType dtype, std::int64_t offset,
                    const std::vector<Tensor>& truth, Backend& truth_backend) {
  poison(backend, truth, dtype);
  const std::vector<Tensor> results = run_case(op_case, backend, dtype, dtype, offset);
  ASSERT_EQ(results.size(), truth.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].shape(), truth[i].shape());
    const auto mismatch = worst_mismatch(
        to_doubles(backend, results[i]), to_doubles(truth_backend, truth[i]), results[i].dtype(),
        {.factor = op_case.factor, .magnitude = op_case.magnitude});
    EXPECT_FALSE(mismatch) << "[" << to_string(op_case.op) << "] case " << op_case.name << " on "
                           << backend.name() << " " << to_string(dtype) << ", output " << i << " "
                           << results[i].shape().str() << ", offset " << offset << ": "
                           << mismatch.value_or("");
  }
}

class Compare : public testing::TestWithParam<std::tuple<OpId, std::string_view>> {};

std::string op_and_backend(const testing::TestParamInfo<Compare::ParamType>& param) {
  return fmt::format("{}_{}", to_string(std::get<0>(param.param)), std::get<1>(param.param));
}

TEST_P(Compare, MatchesDouble) {
  const auto [op, backend_name] = GetParam();
  const auto truth_backend = make_backend("cpu_ref");
  const auto backend = make_backend(backend_name);
  for (const OpCase& op_case : cases_of(op)) {
    if (op_case.has_f64_output && !has_f64(*backend)) continue;
    for (const DType dtype : kAllDTypes) {
      if (!op_case.dtypes.contains(dtype) || (dtype == DType::f64 && !has_f64(*backend))) continue;
      const auto truth = run_case(op_case, *truth_backend, DType::f64, dtype);
      expect_matches(op_case, *backend, dtype, 0, truth, *truth_backend);
      if (backend->kernels().kind(op, dtype) == KernelKind::native) {
        expect_matches(op_case, *backend, dtype, 3, truth, *truth_backend);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, Compare,
                         testing::Combine(testing::ValuesIn(all_ops()), each_backend()),
                         op_and_backend);

std::vector<std::byte> bytes_of(Backend& backend, const Tensor& tensor) {
  std::vector<std::byte> bytes(tensor.size_bytes());
  backend.download(tensor, bytes.data());
  return bytes;
}

std::string op_name(const testing::TestParamInfo<OpId>& param) {
  return std::string(to_string(param.param));
}

class ThreadInvariance : public testing::TestWithParam<OpId> {};

TEST_P(ThreadInvariance, AnyNumberOfThreadsGivesTheSameBits) {
  const auto one = make_backend("cpu", 1);
  const auto two = make_backend("cpu", 2);
  const auto five = make_backend("cpu", 5);
  for (const OpCase& op_case : cases_of(GetParam())) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      if (!op_case.dtypes.contains(dtype)) continue;
      const auto expected = run_case(op_case, *one, dtype, dtype);
      for (Backend* backend : {two.get(), five.get()}) {
        const auto results = run_case(op_case, *backend, dtype, dtype);
        ASSERT_EQ(results.size(), expected.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
          EXPECT_TRUE(bytes_of(*backend, results[i]) == bytes_of(*one, expected[i]))
              << "[" << to_string(op_case.op) << "] case " << op_case.name << " "
              << to_string(dtype) << ", output " << i << ": " << (backend == two.get() ? "2" : "5")
              << " threads and 1 thread differ";
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, ThreadInvariance, testing::ValuesIn(all_ops()), op_name);

}  // namespace
}  // namespace alpha::test
