#include "alpha/runs/report.h"

#include "alpha/runs/report_worker.h"

namespace alpha {

Reporter::Reporter(ReporterOptions options, const RunConfig& run, std::int64_t first_step,
                   const Clock& clock, std::function<void(const std::string&)> on_problem)
    : worker_(std::make_unique<Worker>(std::move(options), run, first_step, clock)),
      on_problem_(std::move(on_problem)) {}

Reporter::~Reporter() = default;

void Reporter::tell_problems() {
  for (const std::string& problem : worker_->take_problems()) {
    if (on_problem_) on_problem_(problem);
  }
}

TrainerHooks Reporter::hooks() {
  return {.on_step =
              [this](const StepMetrics& metrics) {
                worker_->add_metrics(metrics);
                tell_problems();
              },
          .on_checkpoint = [this](const std::filesystem::path& path,
                                  std::int64_t step) { worker_->add_checkpoint(path, step); },
          .on_sample = [this](const std::string& prompt,
                              const std::string& text) { worker_->add_sample(prompt, text); },
          .on_event = [this](const TrainEvent& event) { worker_->add_event(event); }};
}

ReportOutcome Reporter::finish(std::int64_t step, bool is_complete,
                               const std::function<void(const std::string&)>& on_wait) {
  const ReportOutcome outcome = worker_->finish(step, is_complete, on_wait);
  tell_problems();
  return outcome;
}

}  // namespace alpha
