#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALPHA_HAS_LEAK_SANITIZER
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ALPHA_HAS_LEAK_SANITIZER
#endif
#ifdef ALPHA_HAS_LEAK_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif

namespace alpha::helios::vk {

/// While it lives, what this thread allocates is no leak to the leak sanitizer; does nothing
/// without that. For calls in which others are known to leak: drivers and layers are unloaded with
/// the last instance, and then no suppression can name them.
class ForeignLeaks {
 public:
#ifdef ALPHA_HAS_LEAK_SANITIZER
  ForeignLeaks() noexcept {
    __lsan_disable();
  }

  ~ForeignLeaks() {
    __lsan_enable();
  }
#else
  ForeignLeaks() noexcept {}

  ~ForeignLeaks() {}
#endif
  ForeignLeaks(const ForeignLeaks&) = delete;
  ForeignLeaks& operator=(const ForeignLeaks&) = delete;
};

}  // namespace alpha::helios::vk
