#pragma once

#include <utility>

#include "alpha/helios/vk/functions.h"

namespace alpha::helios::vk {

/// Owns an object of a device; `destroy` is the member of Functions that ends it. The functions and
/// the device outlive it.
template<class Object, auto destroy>
class Handle {
 public:
  Handle() = default;

  Handle(const Functions& functions, VkDevice device, Object object) noexcept
      : functions_(&functions),
        device_(device),
        object_(object) {}

  Handle(Handle&& other) noexcept
      : functions_(other.functions_),
        device_(other.device_),
        object_(std::exchange(other.object_, Object{})) {}

  Handle& operator=(Handle&& other) noexcept {
    std::swap(functions_, other.functions_);
    std::swap(device_, other.device_);
    std::swap(object_, other.object_);
    return *this;
  }

  ~Handle() {
    if (object_ != Object{}) (functions_->*destroy)(device_, object_, nullptr);
  }

  Object get() const noexcept { return object_; }

  explicit operator bool() const noexcept { return object_ != Object{}; }

 private:
  const Functions* functions_ = nullptr;
  VkDevice device_ = VK_NULL_HANDLE;
  Object object_ = {};
};

using Buffer = Handle<VkBuffer, &Functions::DestroyBuffer>;
using DeviceMemory = Handle<VkDeviceMemory, &Functions::FreeMemory>;
using Semaphore = Handle<VkSemaphore, &Functions::DestroySemaphore>;
using CommandPool = Handle<VkCommandPool, &Functions::DestroyCommandPool>;
using QueryPool = Handle<VkQueryPool, &Functions::DestroyQueryPool>;
using ShaderModule = Handle<VkShaderModule, &Functions::DestroyShaderModule>;
using DescriptorSetLayout = Handle<VkDescriptorSetLayout, &Functions::DestroyDescriptorSetLayout>;
using DescriptorPool = Handle<VkDescriptorPool, &Functions::DestroyDescriptorPool>;
using PipelineLayout = Handle<VkPipelineLayout, &Functions::DestroyPipelineLayout>;
using PipelineCache = Handle<VkPipelineCache, &Functions::DestroyPipelineCache>;
using Pipeline = Handle<VkPipeline, &Functions::DestroyPipeline>;

}  // namespace alpha::helios::vk
