#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace alpha {

enum class ErrorCode {
  invalid_argument,
  not_found,
  corrupt,
  io,
  unsupported,
  out_of_memory,
  device_lost,
  cancelled,
  overloaded,  // too much is waiting already: try again later
  internal
};

std::string_view to_string(ErrorCode code) noexcept;

/// The only exception type Alpha throws. The message reads `[where] what is wrong: got X, expected
/// Y`.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error(code, formatted message).
template<class... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// `fail` for the most common case: the caller's mistake.
template<class... Args>
[[noreturn]] void fail_invalid(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ErrorCode::invalid_argument, fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void check_failed(const char* expr, std::string_view message, const char* file,
                               int line);

}  // namespace alpha

/// A condition that only a defect of Alpha can break; always on.
#define ALPHA_CHECK(cond, message)                                 \
  do {                                                             \
    if (!(cond)) [[unlikely]]                                      \
      ::alpha::check_failed(#cond, (message), __FILE__, __LINE__); \
  } while (false)

/// The same, in debug and sanitizer builds only.
#ifdef NDEBUG
#define ALPHA_DCHECK(cond, message) static_cast<void>(0)
#else
#define ALPHA_DCHECK(cond, message) ALPHA_CHECK(cond, message)
#endif
