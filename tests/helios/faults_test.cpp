// What happens when Vulkan fails: entries of the function table are replaced.
#include <atomic>
#include <cstring>
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
  std::atomic<VkResult> instance = VK_SUCCESS;
  std::atomic<bool> has_devices = true;
  std::atomic<const char*> name = nullptr;  // of every device; null: its own
  // 0: as there is.
  std::atomic<std::uint32_t> max_range = 0;  // bytes that shaders see
  std::atomic<std::uint32_t> max_push = 0;   // bytes
  std::atomic<std::uint32_t> max_bindings = 0;
  std::atomic<std::uint32_t> max_shared = 0;  // bytes
  std::atomic<std::uint32_t> max_invocations = 0;
  std::atomic<std::uint64_t> memory = 0;       // bytes of the device
  std::atomic<std::uint64_t> used_memory = 0;  // by all
  std::atomic<bool> tells_budget = false;      // also where the real device does not
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

VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info,
                                    const VkAllocationCallbacks* callbacks, VkInstance* instance) {
  if (const VkResult result = faults.instance; result != VK_SUCCESS) return result;
  return real.CreateInstance(info, callbacks, instance);
}

VkResult VKAPI_CALL enumerate(VkInstance instance, std::uint32_t* n, VkPhysicalDevice* devices) {
  if (faults.has_devices) return real.EnumeratePhysicalDevices(instance, n, devices);
  *n = 0;
  return VK_SUCCESS;
}

void VKAPI_CALL properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2* result) {
  real.GetPhysicalDeviceProperties2(device, result);
  if (const char* name = faults.name; name != nullptr) {
    std::strncpy(result->properties.deviceName, name, VK_MAX_PHYSICAL_DEVICE_NAME_SIZE - 1);
  }
  VkPhysicalDeviceLimits& limits = result->properties.limits;
  const auto shrink = [](std::uint32_t& limit, std::uint32_t to) {
    if (to > 0) limit = to;
  };
  shrink(limits.maxStorageBufferRange, faults.max_range);
  shrink(limits.maxPushConstantsSize, faults.max_push);
  shrink(limits.maxPerStageDescriptorStorageBuffers, faults.max_bindings);
  shrink(limits.maxComputeSharedMemorySize, faults.max_shared);
  shrink(limits.maxComputeWorkGroupInvocations, faults.max_invocations);
}

/// A small device, where others have some of the memory too.
void VKAPI_CALL memory_properties(VkPhysicalDevice device,
                                  VkPhysicalDeviceMemoryProperties2* result) {
  real.GetPhysicalDeviceMemoryProperties2(device, result);
  if (faults.memory == 0) return;
  auto* budget = static_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(result->pNext);
  for (std::uint32_t i = 0; i < result->memoryProperties.memoryHeapCount; ++i) {
    result->memoryProperties.memoryHeaps[i].size = faults.memory;
    if (budget != nullptr) {
      budget->heapBudget[i] = faults.memory;
      budget->heapUsage[i] = faults.used_memory;
    }
  }
}

/// With VK_EXT_memory_budget, if that is what the test is about.
VkResult VKAPI_CALL extensions(VkPhysicalDevice device, const char* layer, std::uint32_t* n,
                               VkExtensionProperties* list) {
  std::uint32_t n_real = 0;
  VkResult result = real.EnumerateDeviceExtensionProperties(device, layer, &n_real, nullptr);
  if (result != VK_SUCCESS) return result;
  std::vector<VkExtensionProperties> all(n_real);
  result = real.EnumerateDeviceExtensionProperties(device, layer, &n_real, all.data());
  std::erase_if(all, [](const VkExtensionProperties& one) {
    return std::string_view(one.extensionName) == VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
  });
  if (faults.tells_budget) all.push_back({VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, 1});
  if (list != nullptr) std::copy_n(all.begin(), std::min<std::size_t>(*n, all.size()), list);
  *n = static_cast<std::uint32_t>(all.size());
  return result;
}

/// The real device is opened without it: nothing else is asked of it.
VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo* info,
                                  const VkAllocationCallbacks* callbacks, VkDevice* device) {
  std::vector<const char*> names(info->ppEnabledExtensionNames,
                                 info->ppEnabledExtensionNames + info->enabledExtensionCount);
  std::erase_if(names, [](const char* name) {
    return std::string_view(name) == VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
  });
  VkDeviceCreateInfo without = *info;
  without.enabledExtensionCount = static_cast<std::uint32_t>(names.size());
  without.ppEnabledExtensionNames = names.data();
  return real.CreateDevice(physical, &without, callbacks, device);
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
  replace(vk.CreateInstance, real.CreateInstance, create_instance);
  replace(vk.EnumeratePhysicalDevices, real.EnumeratePhysicalDevices, enumerate);
  replace(vk.GetPhysicalDeviceProperties2, real.GetPhysicalDeviceProperties2, properties);
  replace(vk.EnumerateDeviceExtensionProperties, real.EnumerateDeviceExtensionProperties,
          extensions);
  replace(vk.CreateDevice, real.CreateDevice, create_device);
  replace(vk.GetPhysicalDeviceMemoryProperties2, real.GetPhysicalDeviceMemoryProperties2,
          memory_properties);
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
    faults.instance = VK_SUCCESS;
    faults.has_devices = true;
    faults.name = nullptr;
    for (auto* limit : {&faults.max_range, &faults.max_push, &faults.max_bindings,
                        &faults.max_shared, &faults.max_invocations}) {
      *limit = 0;
    }
    faults.memory = 0;
    faults.used_memory = 0;
    faults.tells_budget = false;
  }

  /// The error that a call throws must be of this kind and have these in its sentence.
  static void expect_error(const std::function<void()>& call, ErrorCode code,
                           std::initializer_list<std::string_view> parts) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      for (const std::string_view part : parts) {
        EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
            << "'" << part << "' is not in: " << error.what();
      }
    }
  }

  static std::unique_ptr<HeliosBackend> open(std::string device = {}) {
    return std::make_unique<HeliosBackend>(
        HeliosOptions{.device = std::move(device), .vulkan = {.intercept = intercept}});
  }
};

TEST_F(FaultsTest, NoDeviceIsOneClearSentence) {
  faults.has_devices = false;
  expect_error([] { open(); }, ErrorCode::unsupported, {"no device"});
  faults.instance = VK_ERROR_INCOMPATIBLE_DRIVER;
  expect_error([] { open(); }, ErrorCode::unsupported, {"no driver", "install"});
}

TEST_F(FaultsTest, OneOrTwoDigitsAreADevicesNumberMoreArePartOfItsName) {
  faults.name = "NVIDIA GeForce RTX 4090";
  for (const char* device : {"", "0", "00", "4090", "rtx 40", "090"}) {
    EXPECT_NO_THROW(open(device)) << device;
  }
  const std::size_t n = list_devices(open()->instance()).size();
  for (const char* device : {"40", "90", "99"}) {
    expect_error(
        [&] { open(device); }, ErrorCode::unsupported,
        {fmt::format("no device has the number {}", device), fmt::format(" {}, from 0", n)});
  }
  expect_error([] { open("4080"); }, ErrorCode::unsupported, {"'4080'", "RTX 4090"});
  faults.has_devices = false;
  expect_error([] { open("7"); }, ErrorCode::unsupported, {"no device here"});
}

TEST_F(FaultsTest, ADeviceThatIsTooSmallIsRefusedWithTheNumbers) {
  faults.max_push = 64;
  expect_error([] { open(); }, ErrorCode::unsupported, {"64 bytes of push constants", "128"});
  clear();
  faults.max_shared = 16'384;
  expect_error([] { open(); }, ErrorCode::unsupported, {"16384 bytes of shared memory", "32768"});
  clear();
  faults.max_invocations = 128;
  expect_error([] { open(); }, ErrorCode::unsupported, {"workgroups of 128", "256"});
  clear();
  EXPECT_NE(open(), nullptr);
}

TEST_F(FaultsTest, AKernelWithMoreBuffersThanADeviceTakesIsRefusedAndOthersRun) {
  faults.max_bindings = 4;
  const auto backend = open();
  const Tensor x = tensor_of(*backend, ramp(100));
  const AdamwArgs args = {.parameters = x,
                          .gradients = x,
                          .m = zeros(*backend, {100}),
                          .v = zeros(*backend, {100}),
                          .copy = {},
                          .scale = ones(*backend, {}),
                          .lr = 1e-3};
  expect_error([&] { adamw(*backend, args); }, ErrorCode::unsupported, {"7 buffers", "at most 4"});
  EXPECT_EQ(values_of(*backend, neg(*backend, x))[50], -ramp(100)[50]);
}

TEST_F(FaultsTest, WhatCannotBeDoneInPiecesIsRefusedWithTheNumbersAndTheRestGoesOn) {
  faults.max_range = 96 * 1024;
  const auto backend = open();
  const Tensor table = zeros(*backend, {1000, 100});
  const std::vector<std::int32_t> ids = {3};
  const Tensor index = from_values(*backend, {1}, std::span<const std::int32_t>(ids));
  expect_error([&] { embedding(*backend, table, index); }, ErrorCode::unsupported,
               {"[embedding]", "[1000, 100]", "400000", "98304"});
  EXPECT_EQ(values_of(*backend, neg(*backend, tensor_of(*backend, {5})))[0], -5);
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

constexpr std::uint64_t kMiB = 1U << 20U;

Shape floats_of(std::int64_t n_mib) {
  return {n_mib * (1 << 18)};
}

TEST_F(FaultsTest, BeyondTheBudgetTheSentenceSaysWhatIsWantedWhatIsThereAndWhatWouldFit) {
  faults.tells_budget = true;
  faults.memory = 200 * kMiB;
  faults.used_memory = 60 * kMiB;
  const auto backend = open();
  const Tensor held = empty(*backend, floats_of(96), DType::f32);
  faults.used_memory = 156 * kMiB;
  expect_error([&] { empty(*backend, floats_of(80), DType::f32); }, ErrorCode::out_of_memory,
               {"80.0 MiB more is wanted, 44.0 MiB would fit", "of 200.0 MiB there",
                "96.0 MiB is held here and 96.0 MiB of that in use", "smaller batch"});
  // There is no room for a slab, but for what is needed.
  const Tensor x = tensor_of(*backend, ramp(1000));
  EXPECT_EQ(values_of(*backend, x), ramp(1000));
  // Others have left some.
  faults.used_memory = 100 * kMiB;
  EXPECT_EQ(values_of(*backend, full(*backend, floats_of(80), 3)).back(), 3);
}

TEST_F(FaultsTest, WithoutABudgetThereIsWhatTheDeviceHasButForWhatIsHeld) {
  faults.memory = 200 * kMiB;
  const auto backend = open();
  const Tensor held = empty(*backend, floats_of(96), DType::f32);
  expect_error([&] { empty(*backend, floats_of(112), DType::f32); }, ErrorCode::out_of_memory,
               {"112.0 MiB more is wanted, 104.0 MiB would fit"});
  faults.n_allocations = 0;
  expect_error([&] { empty(*backend, floats_of(80), DType::f32); }, ErrorCode::out_of_memory,
               {"80.0 MiB more is wanted, and is not to be had, though 104.0 MiB should be free"});
}

TEST_F(FaultsTest, UploadsOfAFailedSubmitDoNotHoldUpLaterOnes) {
  const auto backend = open();
  const Tensor x = tensor_of(*backend, ramp(100));
  backend->finish();
  // The whole staging ring is on its way when it is dropped.
  const std::vector<float> large = ramp(8'388'608);
  faults.submit = VK_ERROR_OUT_OF_HOST_MEMORY;
  const Tensor to = empty(*backend, {8'388'608}, DType::f32);
  backend->upload(large.data(), to);
  EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::out_of_memory);
  faults.submit = VK_SUCCESS;
  EXPECT_EQ(values_of(*backend, x), ramp(100));
  backend->upload(large.data(), to);
  EXPECT_TRUE(values_of(*backend, to) == large);
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

TEST_F(FaultsTest, TheBarriersOfAFailedSubmitAreMadeUpFor) {
  const auto backend = open();
  const Tensor y = neg(*backend, tensor_of(*backend, ramp(100)));
  backend->finish();
  const Tensor dropped = neg(*backend, y);  // behind a barrier, since y was written
  faults.submit = VK_ERROR_OUT_OF_HOST_MEMORY;
  EXPECT_EQ(code_of([&] { backend->finish(); }), ErrorCode::out_of_memory);
  faults.submit = VK_SUCCESS;
  const auto n_before = backend->recorded().n_barriers;
  const Tensor z = neg(*backend, y);
  EXPECT_EQ(backend->recorded().n_barriers, n_before + 1);
  EXPECT_EQ(values_of(*backend, z), ramp(100));
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
    all.push_back({static_cast<float>(to_scalar(backend, sum_squares(backend, x)))});
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
