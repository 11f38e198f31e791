#pragma once

#include <cstdint>
#include <string_view>

namespace alpha {

/// Why a text ended.
enum class StopReason : std::uint8_t {
  length,       // the tokens asked for are written, or the context is full
  end_of_text,  // the model wrote the end-of-text token
  cancelled,    // by whoever asked for it
  stop_token,   // one of the request's own
  stop_string,
  complete,  // the grammar that was asked for lets nothing follow
  error
};

inline std::string_view to_string(StopReason reason) noexcept {
  switch (reason) {
    case StopReason::length: return "length";
    case StopReason::end_of_text: return "end_of_text";
    case StopReason::cancelled: return "cancelled";
    case StopReason::stop_token: return "stop_token";
    case StopReason::stop_string: return "stop_string";
    case StopReason::complete: return "complete";
    case StopReason::error: return "error";
  }
  return "unknown";
}

}  // namespace alpha
