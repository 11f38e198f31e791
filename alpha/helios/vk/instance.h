#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/helios/vk/functions.h"

namespace alpha::helios::vk {

/// What the validation layer looks at; each does what stands before it too.
enum class Validation : std::uint8_t {
  off,
  core,             // parameters, object lifetimes
  synchronization,  // hazards between commands
  gpu               // what shaders read and write (instrumented: slow)
};

/// "off", "core", "synchronization", "gpu". Error: invalid_argument.
Validation parse_validation(std::string_view name);

struct InstanceOptions {
  Validation validation = Validation::off;

  /// Called when functions have been loaded, those of the instance and then those of each device:
  /// may replace them.
  std::function<void(Functions&)> intercept = {};
};

/// The connection to Vulkan.
class Instance {
 public:
  /// Error: unsupported without a loader, a driver, or the validation layer that is asked for.
  explicit Instance(InstanceOptions options);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const Functions& functions() const noexcept { return functions_; }

  const InstanceOptions& options() const noexcept { return options_; }

  std::vector<VkPhysicalDevice> physical_devices() const;

  /// What the validation layer has had to say so far: nothing, if all is well.
  std::vector<std::string> messages() const;

 private:
  Instance() noexcept {}  // delegated to, so that the destructor ends what a failure has begun

  static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                   VkDebugUtilsMessageTypeFlagsEXT types,
                                                   const VkDebugUtilsMessengerCallbackDataEXT* data,
                                                   void* user);
  void create();
  void listen();

  InstanceOptions options_;
  Functions functions_;
  VkInstance instance_ = VK_NULL_HANDLE;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;  // by mutex_
};

}  // namespace alpha::helios::vk
