#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "alpha/helios/vk/handle.h"
#include "alpha/helios/vk/instance.h"

namespace alpha::helios {

/// A product of cooperative matrices that a device can do in a subgroup: M x K times K x N.
struct MatrixShape {
  std::uint32_t M = 0;
  std::uint32_t N = 0;
  std::uint32_t K = 0;

  bool operator==(const MatrixShape&) const = default;
};

/// What is known of a device before it is opened.
struct DeviceInfo {
  std::string name;
  std::string driver;                 // "NVIDIA 580.159.04"
  std::string kind;                   // "discrete GPU", "integrated GPU", "virtual GPU", "CPU"
  std::string api_version;            // "1.3.230"
  std::string cache_key;              // names device and driver: of what is kept for it
  std::uint64_t local_bytes = 0;      // of memory on the device
  std::uint64_t available_bytes = 0;  // of that, free for us now; local_bytes where nobody says
  std::uint32_t subgroup_size = 0;
  std::uint32_t min_subgroup_size = 0;   // that a kernel may ask for; both are subgroup_size where
  std::uint32_t max_subgroup_size = 0;   // it cannot
  std::uint32_t max_shared_bytes = 0;    // of a workgroup
  std::uint32_t max_workgroup_size = 0;  // invocations
  std::uint32_t max_groups_x = 0;        // of a dispatch
  std::uint32_t max_push_bytes = 0;
  std::uint32_t max_bindings = 0;      // storage buffers of a dispatch
  std::uint64_t max_range_bytes = 0;   // of a buffer as a shader sees it
  std::uint64_t max_memory_bytes = 0;  // of one allocation
  std::uint64_t offset_alignment = 0;  // of what a shader sees of a buffer
  float timestamp_ns = 0;              // of a tick; 0: no timestamps
  std::uint32_t timestamp_bits = 0;    // that ticks have; behind the last one they begin at 0 anew
  bool has_16_bit_storage = false;     // kernels read and write f16 and bf16
  bool has_f16 = false;                // arithmetic
  bool has_subgroup_size_control = false;
  bool has_subgroup_clusters = false;  // reductions over a few neighbours
  bool has_memory_budget = false;
  bool has_pipeline_robustness = false;
  std::vector<MatrixShape> f16_matrices;   // f16 x f16 + f32
  std::vector<MatrixShape> bf16_matrices;  // bf16 x bf16 + f32
  std::string problem;                     // why Helios cannot use it; empty: it can

  bool can_be_used() const noexcept { return problem.empty(); }
};

/// All devices that Vulkan has here, those that Helios can use first, GPUs before CPUs: their
/// places are the numbers by which they can be chosen.
std::vector<DeviceInfo> list_devices(const vk::Instance& instance);

/// Throws unsupported: Vulkan has no device here.
[[noreturn]] void fail_without_device();

/// An open device with one queue.
class Device {
 public:
  /// The first device that can be used, where `name` is empty; the one with that number in
  /// `list_devices`, where it is one or two digits; else the first one whose name contains it,
  /// upper and lower case alike. `instance` outlives it. Error: unsupported, saying which devices
  /// there are.
  Device(const vk::Instance& instance, const std::string& name);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceInfo& info() const noexcept { return info_; }

  const vk::Functions& functions() const noexcept { return functions_; }

  VkDevice get() const noexcept { return device_; }

  VkQueue queue() const noexcept { return queue_; }

  std::uint32_t queue_family() const noexcept { return queue_family_; }

  /// A memory type out of `types` (bits, as Vulkan tells them) that has all of `wanted`, or else,
  /// if any, one with all of `least`; of several the one with fewest further properties. Error:
  /// unsupported.
  std::uint32_t memory_type(std::uint32_t types, VkMemoryPropertyFlags wanted,
                            VkMemoryPropertyFlags least) const;

  VkMemoryPropertyFlags memory_properties(std::uint32_t type) const noexcept {
    return memory_.memoryTypes[type].propertyFlags;
  }

  /// Bytes of device memory that may still be allocated, now.
  std::uint64_t available_bytes() const;

  /// Wraps a new object of this device.
  template<class H, class Object>
  H own(Object object) const {
    return H(functions_, device_, object);
  }

 private:
  Device() noexcept {}  // delegated to, so that the destructor ends what a failure has begun

  void create();

  vk::Functions functions_;
  DeviceInfo info_;
  VkPhysicalDevice physical_ = VK_NULL_HANDLE;
  VkDevice device_ = VK_NULL_HANDLE;
  VkQueue queue_ = VK_NULL_HANDLE;
  std::uint32_t queue_family_ = 0;
  VkPhysicalDeviceMemoryProperties memory_ = {};
};

}  // namespace alpha::helios
