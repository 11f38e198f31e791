#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace alpha {

/// Time, as a thing that is passed in: tests bring their own.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Seconds since an arbitrary moment; never goes back.
  virtual double seconds() const = 0;

  /// CPU seconds this process has used, all threads together.
  virtual double cpu_seconds() const = 0;

  /// Milliseconds since 1970-01-01 UTC.
  virtual std::int64_t unix_ms() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  double seconds() const override;
  double cpu_seconds() const override;
  std::int64_t unix_ms() const override;
};

/// `YYYYMMDDHHMMSS`, UTC: the first part of a run id.
std::string compact_utc(std::int64_t unix_ms);

}  // namespace alpha
