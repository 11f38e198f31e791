#include "apps/alpha/train_reporting.h"

#include "apps/alpha/secret_flag.h"
#include "apps/alpha/usage.h"

namespace alpha::cli {

namespace {

template<class... Args>
std::function<void(const Args&...)> both(std::function<void(const Args&...)> first,
                                         std::shared_ptr<const TrainerHooks> later,
                                         std::function<void(const Args&...)> TrainerHooks::*hook) {
  return [first = std::move(first), later = std::move(later), hook](const Args&... args) {
    if (first) first(args...);
    if ((*later).*hook) ((*later).*hook)(args...);
  };
}

}  // namespace

std::optional<Reporting> read_reporting(const std::optional<std::string>& url,
                                        const std::optional<std::string>& secret_file,
                                        const std::optional<std::string>& checkpoints) {
  if (!url) {
    if (secret_file) fail_usage("--report-secret-file: where to report to? Give --report as well");
    if (checkpoints) fail_usage("--report-checkpoints: where to? Give --report as well");
    return std::nullopt;
  }
  Reporting reporting;
  try {
    reporting.url = http::parse_url(*url);
  } catch (const Error& error) {
    throw UsageError(fmt::format("--report: {}", error.what()));
  }
  reporting.secret = read_secret("--report-secret-file", secret_file, "ALPHA_REMOTE_SECRET");
  if (reporting.secret.empty()) {
    fail_usage("--report: there is no secret: give --report-secret-file, or set {}",
               "ALPHA_REMOTE_SECRET");
  }
  if (checkpoints == "all") reporting.checkpoints = ReportedCheckpoints::all;
  if (checkpoints == "none") reporting.checkpoints = ReportedCheckpoints::none;
  return reporting;
}

TrainerHooks joined_hooks(TrainerHooks hooks, std::shared_ptr<const TrainerHooks> later) {
  hooks.on_step = both(std::move(hooks.on_step), later, &TrainerHooks::on_step);
  hooks.on_sample = both(std::move(hooks.on_sample), later, &TrainerHooks::on_sample);
  hooks.on_warning = both(std::move(hooks.on_warning), later, &TrainerHooks::on_warning);
  hooks.on_event = both(std::move(hooks.on_event), later, &TrainerHooks::on_event);
  hooks.on_phase = both(std::move(hooks.on_phase), later, &TrainerHooks::on_phase);
  hooks.on_checkpoint = [first = std::move(hooks.on_checkpoint), later](
                            const std::filesystem::path& path, std::int64_t step) {
    if (first) first(path, step);
    if (later->on_checkpoint) later->on_checkpoint(path, step);
  };
  return hooks;
}

void finish_reports(Reporter& reporter, std::int64_t step, bool is_complete, Console& console) {
  const ReportOutcome outcome =
      reporter.finish(step, is_complete, [&](const std::string& text) { console.live(text); });
  console.end_live();
  if (outcome.is_delivered && outcome.n_dropped == 0) return;
  console.warning(fmt::format("report: the server has not got everything: {}, {}",
                              outcome.n_dropped > 0
                                  ? fmt::format("{} steps were dropped", outcome.n_dropped)
                                  : std::string("no step was dropped"),
                              outcome.is_delivered ? "the rest arrived" : "the rest was left"));
}

}  // namespace alpha::cli
