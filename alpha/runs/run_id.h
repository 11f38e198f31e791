#pragma once

#include <string_view>

namespace alpha {

/// Whether `id` may name a run's folder: 1 to 128 of A-Z a-z 0-9 . _ - and no dot in front.
bool is_run_id(std::string_view id) noexcept;

/// Error(invalid_argument), naming `field`, when it may not.
void check_run_id(std::string_view id, std::string_view field);

}  // namespace alpha
