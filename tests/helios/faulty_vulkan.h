#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/helios/vk/functions.h"

namespace alpha::helios::test {

template<class Function>
constexpr bool can_fail = false;
template<class... Args>
constexpr bool can_fail<VkResult(VKAPI_PTR*)(Args...)> = true;

/// Vulkan as tests want it: calls are counted, any may fail, and what is made and not destroyed is
/// known. Functions of Vulkan are plain ones, so this is one for the process. Safe to use from
/// several threads.
class FaultyVulkan {
 public:
  /// Replaces every function of the table that gives a result or nothing.
  static void intercept(vk::Functions& vk) {
#define ALPHA_VK_REPLACE(name) replace<&vk::Functions::name>(vk.name, #name);
    ALPHA_VK_GLOBAL(ALPHA_VK_REPLACE)
    ALPHA_VK_INSTANCE(ALPHA_VK_REPLACE)
    ALPHA_VK_DEVICE(ALPHA_VK_REPLACE)
#undef ALPHA_VK_REPLACE
  }

  /// Names of the functions that can fail.
  static std::vector<std::string> functions() {
    std::vector<std::string> names;
#define ALPHA_VK_NAME(name) \
  if (can_fail<decltype(vk::Functions::name)>) names.emplace_back(#name);
    ALPHA_VK_GLOBAL(ALPHA_VK_NAME)
    ALPHA_VK_INSTANCE(ALPHA_VK_NAME)
    ALPHA_VK_DEVICE(ALPHA_VK_NAME)
#undef ALPHA_VK_NAME
    return names;
  }

  /// Counts anew, and nothing fails.
  static void reset() {
    fail("", 0, VK_SUCCESS);
  }

  /// Counts anew; the n-th call of a function ("AllocateMemory") from 1 on gives `result` and does
  /// nothing (but wait, for VK_TIMEOUT), and so do those behind it, if it `stays`.
  static void fail(std::string_view function, int n, VkResult result, bool stays = false) {
    const std::lock_guard lock(mutex_);
    failing_ = function;
    first_ = n;
    result_ = result;
    stays_ = stays;
    n_calls_.clear();
  }

  /// How often each function that can fail was called since `reset` or `fail`.
  static std::map<std::string, int> n_calls() {
    const std::lock_guard lock(mutex_);
    return n_calls_;
  }

  /// Objects and memory that have been made and not ended, by what they are ("Buffer").
  static std::map<std::string, int> alive() {
    const std::lock_guard lock(mutex_);
    std::map<std::string, int> alive;
    for (const auto& [name, n] : n_alive_) {
      if (n != 0) alive[name] = n;
    }
    return alive;
  }

 private:
  /// What stands in a function's place. `real` is the function itself.
  template<auto member, class... Args>
  struct WithResult {
    static inline VkResult(VKAPI_PTR* real)(Args...) = nullptr;
    static inline const char* name = nullptr;

    static VKAPI_ATTR VkResult VKAPI_CALL call(Args... args) {
      if (const VkResult result = count(name); result != VK_SUCCESS) {
        if (result == VK_TIMEOUT) real(args...);  // it has waited: nothing is in use behind it
        return result;
      }
      const VkResult result = real(args...);
      if (result == VK_SUCCESS) count_object(name);
      return result;
    }
  };

  template<auto member, class... Args>
  struct WithoutResult {
    static inline void(VKAPI_PTR* real)(Args...) = nullptr;
    static inline const char* name = nullptr;

    static VKAPI_ATTR void VKAPI_CALL call(Args... args) {
      count_object(name);
      real(args...);
    }
  };

  template<class Replacement, class Function>
  static void put(Function& function, const char* name) {
    if (function == nullptr || function == Replacement::call) return;
    Replacement::real = function;
    Replacement::name = name;
    function = Replacement::call;
  }

  template<auto member, class... Args>
  static void replace(VkResult(VKAPI_PTR*& function)(Args...), const char* name) {
    put<WithResult<member, Args...>>(function, name);
  }

  template<auto member, class... Args>
  static void replace(void(VKAPI_PTR*& function)(Args...), const char* name) {
    put<WithoutResult<member, Args...>>(function, name);
  }

  /// vkGetDeviceProcAddr stays.
  template<auto member>
  static void replace(PFN_vkGetDeviceProcAddr& /*function*/, const char* /*name*/) {}

  /// The result that the call is to fail with, or success.
  static VkResult count(const char* name) {
    const std::lock_guard lock(mutex_);
    const int n = ++n_calls_[name];
    const bool fails = failing_ == name && (stays_ ? n >= first_ : n == first_);
    return fails ? result_ : VK_SUCCESS;
  }

  /// "CreateBuffer", "DestroyBuffer": one more or less of "Buffer".
  static void count_object(std::string_view name) {
    // Those go with their pool.
    if (name == "AllocateDescriptorSets" || name == "AllocateCommandBuffers") return;
    const std::lock_guard lock(mutex_);
    for (const std::string_view verb : {"Create", "Allocate", "Destroy", "Free"}) {
      if (!name.starts_with(verb)) continue;
      const std::string_view kind = name.substr(verb.size());
      n_alive_[kind == "ComputePipelines" ? "Pipeline" : std::string(kind)] +=
          verb == "Create" || verb == "Allocate" ? 1 : -1;
    }
  }

  static inline std::mutex mutex_;
  static inline std::map<std::string, int> n_calls_;
  static inline std::map<std::string, int> n_alive_;
  static inline std::string failing_;
  static inline int first_ = 0;
  static inline VkResult result_ = VK_SUCCESS;
  static inline bool stays_ = false;
};

}  // namespace alpha::helios::test
