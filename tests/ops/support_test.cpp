#include <algorithm>

#include "tests/ops/backend_param.h"
#include "tests/ops/op_case.h"
#include <gtest/gtest.h>

#include "alpha/backends/backends.h"
#include "alpha/tensor/host_memory.h"
#include "alpha/tensor/ops/ops.h"

namespace alpha::test {
namespace {

TEST(OpSuite, HasACaseForEveryOp) {
  for (const OpId op : all_ops()) EXPECT_FALSE(cases_of(op).empty()) << to_string(op);
}

TEST(OpSuite, NamesACaseOnce) {
  for (const OpId op : all_ops()) {
    std::vector<std::string> names;
    for (const OpCase& op_case : cases_of(op)) names.push_back(op_case.name);
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end()) << to_string(op);
  }
}

/// Ops of inference alone, which knows f32 activations only.
bool is_f32_only(OpId op) {
  return op == OpId::pack || op == OpId::packed_linear || op == OpId::packed_embedding ||
         op == OpId::paged_attention;
}

TEST(KernelTable, CpuRefComputesEveryOpInEveryFloatingDType) {
  const auto backend = make_backend("cpu_ref");
  for (const OpId op : all_ops()) {
    EXPECT_TRUE(backend->has(op, DType::f32)) << to_string(op);
    if (is_f32_only(op)) continue;
    for (const DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16}) {
      EXPECT_TRUE(backend->has(op, dtype)) << to_string(op) << " " << to_string(dtype);
    }
  }
}

TEST(KernelTable, CpuHasAKernelWhereverCpuRefHasOne) {
  const auto reference = make_backend("cpu_ref");
  const auto cpu = make_backend("cpu", 1);
  for (const OpId op : all_ops()) {
    for (const DType dtype : kAllDTypes) {
      EXPECT_TRUE(cpu->has(op, dtype) || !reference->has(op, dtype))
          << to_string(op) << " " << to_string(dtype);
    }
  }
}

TEST(KernelTable, HeliosHasANativeKernelForEveryOpAndEveryDTypeThatADeviceHolds) {
  if (std::ranges::find(usable_backends(), "helios") == usable_backends().end()) GTEST_SKIP();
  const auto reference = make_backend("cpu_ref");
  const auto helios = make_backend("helios");
  for (const OpId op : all_ops()) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::f16, DType::i32}) {
      if (!reference->has(op, dtype)) continue;
      EXPECT_EQ(helios->kernels().kind(op, dtype), KernelKind::native)
          << to_string(op) << " " << to_string(dtype);
    }
  }
}

/// A backend that can hold tensors and compute nothing.
class BareBackend final : public Backend {
 public:
  std::string_view name() const noexcept override { return "bare"; }

  const KernelTable& kernels() const noexcept override { return table_; }

  StorageRef allocate(std::size_t size_bytes) override { return memory_.allocate(size_bytes); }

  void upload(const void* /*src*/, const Tensor& /*dst*/) override {}

  void download(const Tensor& /*src*/, void* /*dst*/) override {}

 private:
  HostMemory memory_;
  KernelTable table_;
};

TEST(KernelTable, AMissingKernelIsUnsupportedAndNamesOpDTypeAndBackend) {
  BareBackend backend;
  const Tensor x = empty(backend, {3}, DType::bf16);
  EXPECT_FALSE(backend.has(OpId::gelu, DType::bf16));
  try {
    gelu(backend, x);
    FAIL() << "gelu ran without a kernel";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_STREQ(error.what(), "[gelu] backend 'bare' has no kernel for dtype bf16");
  }
}

void first_fill(Backend& /*backend*/, const FillArgs& /*args*/) {}

void second_fill(Backend& /*backend*/, const FillArgs& /*args*/) {}

TEST(KernelTable, ALaterKernelReplacesAnEarlierOneForItsDTypesOnly) {
  KernelTable table;
  table.add<&first_fill>(kFloating, KernelKind::reference);
  table.add<&second_fill>(DType::f32 | DType::bf16, KernelKind::native);
  EXPECT_EQ(table.kind(OpId::fill, DType::f32), KernelKind::native);
  EXPECT_EQ(table.kind(OpId::fill, DType::bf16), KernelKind::native);
  EXPECT_EQ(table.kind(OpId::fill, DType::f64), KernelKind::reference);
  EXPECT_EQ(table.kind(OpId::fill, DType::i32), KernelKind::none);
  EXPECT_EQ(table.kind(OpId::cast, DType::f32), KernelKind::none);
}

TEST(Backends, AnUnknownNameIsRefusedWithTheKnownOnes) {
  try {
    make_backend("cpu_red");
    FAIL() << "an unknown backend was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string message = error.what();
    for (const char* part : {"cpu_red", "cpu_ref", "cpu"}) {
      EXPECT_NE(message.find(part), std::string::npos) << message;
    }
  }
}

TEST(Backends, BearTheNameTheyWereMadeBy) {
  for (const std::string_view name : usable_backends()) {
    EXPECT_EQ(make_backend(name, 1)->name(), name);
  }
}

}  // namespace
}  // namespace alpha::test
