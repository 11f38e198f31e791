#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "alpha/core/clock.h"
#include "alpha/core/json.h"

namespace alpha {

/// Writes what trainers elsewhere report into run folders, which then look as local ones do;
/// config.json says `"source": "ingest"`. docs/reporting.md describes the messages. For any thread.
class Ingest {
 public:
  /// Runs are folders in `root`. `clock` outlives this.
  Ingest(std::filesystem::path root, const Clock& clock);

  /// POST /api/ingest: a message {type, runId, …}. Returns {"ok": true, "written": n}: the lines
  /// that were new. Error: invalid_argument, naming the field ("Unknown ingest type" for a type
  /// that is none; a run of that name that is not an ingested one); not_found for a run that has
  /// not been started; io.
  Json handle(const Json& body);

  /// POST /api/ingest/complete: {runId, finalStep}. Returns {"ok": true}. Errors as above.
  Json complete(const Json& body);

 private:
  Json start(const Json& body);
  Json append_metrics(const Json& body);
  Json append_samples(const Json& body);
  Json append_events(const Json& body, const Json& events);
  Json heartbeat(const Json& body);
  std::filesystem::path run_dir(const Json& body) const;

  std::filesystem::path root_;
  const Clock& clock_;
  std::mutex mutex_;
};

}  // namespace alpha
