#include "alpha/train/run_log.h"

#include "alpha/core/json.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace {

/// Texts that are not UTF-8 are shown with replacement characters.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Json to_json(const TrainEvent& event) {
  return {{"step", event.step},
          {"level", event.level},
          {"kind", event.kind},
          {"message", event.message},
          {"created_at", event.created_ms}};
}

Json to_json(const TrainSample& sample) {
  return {{"step", sample.step},
          {"idx", sample.idx},
          {"prompt", sample.prompt},
          {"output", sample.output},
          {"created_at", sample.created_ms}};
}

RunLog::RunLog(const std::filesystem::path& run_dir)
    : metrics_(run_dir / kMetricsFile),
      samples_(run_dir / kSamplesFile),
      events_(run_dir / kEventsFile) {}

void RunLog::add(const StepMetrics& metrics) {
  metrics_.append(dump(to_json(metrics)));
}

void RunLog::add(const TrainSample& sample) {
  samples_.append(dump(to_json(sample)));
}

void RunLog::add(const TrainEvent& event) {
  events_.append(dump(to_json(event)));
}

}  // namespace alpha
