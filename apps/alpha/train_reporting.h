#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/alpha/console.h"

#include "alpha/runs/report.h"

namespace alpha::cli {

/// Where a run is reported to.
struct Reporting {
  http::Url url;
  std::string secret;
  ReportedCheckpoints checkpoints = ReportedCheckpoints::last;
};

/// What `--report`, `--report-secret-file` and `--report-checkpoints` say; none without `--report`.
/// The secret is the file's first line, or else ALPHA_REMOTE_SECRET. Error: UsageError for a URL
/// that is none, flags that miss `--report`, and where there is no secret.
std::optional<Reporting> read_reporting(const std::optional<std::string>& url,
                                        const std::optional<std::string>& secret_file,
                                        const std::optional<std::string>& checkpoints);

/// Hooks that call those of `later` too, once they are set.
TrainerHooks joined_hooks(TrainerHooks hooks, std::shared_ptr<const TrainerHooks> later);

/// Waits for the rest of the reports, telling on `console` what is waited for and what was lost.
void finish_reports(Reporter& reporter, std::int64_t step, bool is_complete, Console& console);

}  // namespace alpha::cli
