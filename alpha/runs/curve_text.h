#pragma once

#include <string>
#include <string_view>

#include "alpha/runs/metric_table.h"

namespace alpha {

/// The answer of /api/runs/{id}/curves as JSON: {run_id, n_rows, first_step, last_step, from, to,
/// rows_per_bucket, step: […], columns: {name: {mean: […], min: […], max: […]}}}; gaps are null.
/// Written as text at once: numbers have no more digits than a float needs.
std::string curve_text(std::string_view run_id, const Curves& curves);

}  // namespace alpha
