// What happens when Vulkan fails: entries of the function table are replaced.
#include <atomic>
#include <mutex>

#include "tests/helios/helios_test_base.h"

namespace alpha::helios::test {
namespace {

/// What the replaced functions do. They are plain functions, so this is one for the process.
struct Faults {
  std::atomic<int> n_allocations = -1;  // that still succeed; -1: all
  std::atomic<VkResult> submit = VK_SUCCESS;
  std::atomic<VkResult> wait = VK_SUCCESS;
  std::atomic<int> n_submits = 0;
  std::atomic<std::uint32_t> max_range = 0;  // bytes that shaders see; 0: as many as there are
  std::atomic<bool> has_devices = true;
};

Faults faults;
vk::Functions real;

VkResult VKAPI_CALL allocate(VkDevice device, const VkMemoryAllocateInfo* info,
                             const VkAllocationCallbacks* callbacks, VkDeviceMemory* memory) {
  if (faults.n_allocations == 0) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  if (faults.n_allocations > 0) --faults.n_allocations;
  return real.AllocateMemory(device, info, callbacks, memory);
}

VkResult VKAPI_CALL submit(VkQueue queue, std::uint32_t n, const VkSubmitInfo* infos,
                           VkFence fence) {
  ++faults.n_submits;
  if (const VkResult result = faults.submit; result != VK_SUCCESS) return result;
  return real.QueueSubmit(queue, n, infos, fence);
}

VkResult VKAPI_CALL wait(VkDevice device, const VkSemaphoreWaitInfo* info, std::uint64_t timeout) {
  EXPECT_LT(timeout, UINT64_MAX) << "a wait without an end";
  const VkResult result = real.WaitSemaphores(device, info, timeout);
  return faults.wait != VK_SUCCESS ? faults.wait.load() : result;
}

VkResult VKAPI_CALL enumerate(VkInstance instance, std::uint32_t* n, VkPhysicalDevice* devices) {
  if (faults.has_devices) return real.EnumeratePhysicalDevices(instance, n, devices);
  *n = 0;
  return VK_SUCCESS;
}

void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2* result) {
  real.GetPhysicalDeviceProperties2(device, result);
  if (faults.max_range > 0) result->properties.limits.maxStorageBufferRange = faults.max_range;
}

void intercept(vk::Functions& vk) {
  const auto replace = [](auto& function, auto& original, auto* replacement) {
    if (function == nullptr || function == replacement) return;
    original = function;
    function = replacement;
  };
  replace(vk.AllocateMemory, real.AllocateMemory, allocate);
  replace(vk.QueueSubmit, real.QueueSubmit, submit);
  replace(vk.WaitSemaphores, real.WaitSemaphores, wait);
  replace(vk.EnumeratePhysicalDevices, real.EnumeratePhysicalDevices, enumerate);
  replace(vk.GetPhysicalDeviceProperties2, real.GetPhysicalDeviceProperties2, properties);
}

class FaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    clear();
  }

  void TearDown() override { clear(); }

  static void clear() {
    faults.n_allocations = -1;
    faults.submit = VK_SUCCESS;
    faults.wait = VK_SUCCESS;
    faults.n_submits = 0;
    faults.max_range = 0;
    faults.has_devices = true;
  }

  static std::unique_ptr<HeliosBackend> open() {
    return std::make_unique<HeliosBackend>(HeliosOptions{.vulkan = {.intercept = intercept}});
  }
};

TEST_F(FaultsTest, NoDeviceIsOneClearSentence) {
  faults.has_devices = false;
  try {
    open();
    FAIL() << "a device was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("no device"), std::string::npos) << error.what();
  }
}

TEST_F(FaultsTest, AnAllocationThatFailsLeavesTheBackendAsItWas) {
  for (int n = 0; n < 3; ++n) {
    faults.n_allocations = -1;
    const auto backend = open();
    const Tensor x = tensor_of(*backend, ramp(100));
    // Large ones, of slabs of their own.
    faults.n_allocations = n;
    std::vector<Tensor> held;
    const auto allocate_all = [&] {
      for (int i = 0; i < 4; ++i) held.push_back(empty(*backend, {20'000'000}, DType::f32));
    };
    EXPECT_EQ(code_of(allocate_all), ErrorCode::out_of_memory) << n;
    EXPECT_EQ(held.size(), static_cast<std::size_t>(n));
    faults.n_allocations = -1;
    allocate_all();
    EXPECT_EQ(values_of(*backend, neg(*backend, x))[50], -ramp(100)[50]);
  }
}

TEST_F(FaultsTest, TheFirstAllocationsOfABackendMayFailToo) {
  faults.n_allocations = 0;
  EXPECT_EQ(code_of([] { open(); }), ErrorCode::out_of_memory);
  faults.n_allocations = -1;
  EXPECT_NE(open(), nullptr);
}

TEST_F(FaultsTest, WhatNothingUsesIsGivenBackBeforeAnAllocationFails) {
  const auto backend = open();
  // Work that is recorded, and memory that it alone needs.
  neg(*backend, zeros(*backend, {10'000'000}));
  faults.n_allocations = 1;
  const Tensor first = empty(*backend, {11'000'000}, DType::f32);
  EXPECT_EQ(code_of([&] { empty(*backend, {12'000'000}, DType::f32); }), ErrorCode::out_of_memory);
  EXPECT_LT(backend->memory().stats().held_bytes, 60'000'000) << "what was free is still held";
}

TEST_F(FaultsTest, AFailedSubmitIsAnErrorAndWhatFollowsGoesOn) {
  const auto backend = open();
  const Tensor x = tensor_of(*backend, ramp(100));
  backend->finish();
  const auto n_before = backend->recorded().n_submits;
  neg(*backend, x);
  faults.submit = VK_ERROR_OUT_OF_HOST_MEMORY;
  EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::out_of_memory);
  EXPECT_EQ(backend->recorded().n_submits, n_before) << "a submit that failed was counted";
  faults.submit = VK_SUCCESS;
  backend->finish();  // nothing waits for what was never submitted
  EXPECT_EQ(values_of(*backend, neg(*backend, x))[50], -ramp(100)[50]);
}

TEST_F(FaultsTest, ALostDeviceIsToldOnceAndForAll) {
  const auto backend = open();
  const Tensor x = tensor_of(*backend, ramp(100));
  neg(*backend, x);
  faults.submit = VK_ERROR_DEVICE_LOST;
  EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::device_lost);
  faults.submit = VK_SUCCESS;
  const int n_submits = faults.n_submits;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(code_of([&] {
                neg(*backend, x);
                backend->finish();
              }),
              ErrorCode::device_lost);
  }
  EXPECT_EQ(faults.n_submits, n_submits) << "work was given to a lost device";
}

TEST_F(FaultsTest, AWaitThatTimesOutIsALossInFiniteTime) {
  const auto backend = open();
  const Tensor x = tensor_of(*backend, ramp(100));
  faults.wait = VK_TIMEOUT;
  EXPECT_EQ(code_of([&] { values_of(*backend, x); }), ErrorCode::device_lost);
  faults.wait = VK_SUCCESS;
  EXPECT_EQ(code_of([&] { values_of(*backend, x); }), ErrorCode::device_lost);
}

TEST_F(FaultsTest, AnotherBackendOpensAfterALoss) {
  {
    const auto backend = open();
    faults.submit = VK_ERROR_DEVICE_LOST;
    tensor_of(*backend, ramp(100));
    EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::device_lost);
  }
  clear();
  const auto backend = open();
  EXPECT_EQ(values_of(*backend, tensor_of(*backend, {7}))[0], 7);
}

TEST_F(FaultsTest, TensorsThatAShaderCannotSeeWholeAreDoneInPieces) {
  const std::int64_t N = 40;
  const std::int64_t C = 700;
  const auto results = [&](HeliosBackend& backend) {
    const Tensor x = tensor_of(backend, ramp(N * C)).reshape({N, C});
    const Tensor w = tensor_of(backend, ramp(30 * C)).reshape({30, C});
    const Tensor g = tensor_of(backend, ramp(C));
    std::vector<std::vector<float>> all;
    for (const Tensor& one : {gelu(backend, x), softmax(backend, x),
                              layer_norm(backend, x, g, g).out, linear(backend, x, w, Tensor()),
                              dropout(backend, x, 0.3, {1, 2}), sum_to(backend, x, {C})}) {
      all.push_back(values_of(backend, one));
    }
    all.push_back({static_cast<float>(sum_squares(backend, x))});
    return all;
  };
  const auto whole = results(*open());
  faults.max_range = 96 * 1024;
  const auto pieces = results(*open());
  ASSERT_EQ(whole.size(), pieces.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    ASSERT_EQ(whole[i].size(), pieces[i].size());
    for (std::size_t j = 0; j < whole[i].size(); ++j) {
      ASSERT_NEAR(whole[i][j], pieces[i][j], 1e-5 * std::abs(whole[i][j]) + 1e-6) << i << " " << j;
    }
  }
}

}  // namespace
}  // namespace alpha::helios::test
