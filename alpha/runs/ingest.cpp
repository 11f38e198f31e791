#include "alpha/runs/ingest.h"

#include <algorithm>

#include "alpha/core/files.h"
#include "alpha/runs/ingested_run.h"
#include "alpha/runs/message_fields.h"
#include "alpha/runs/metrics_tail.h"
#include "alpha/runs/run_folder.h"
#include "alpha/train/run_directory.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxMetrics = 10'000;
constexpr std::size_t kMaxMetricFields = 128;
constexpr std::size_t kMaxMetricTextBytes = 16 * 1024;
constexpr std::size_t kMaxSamples = 100;
constexpr std::size_t kMaxSampleBytes = 64 * 1024;
constexpr std::size_t kMaxEvents = 1000;
constexpr std::size_t kMaxMessageBytes = 4096;
constexpr std::size_t kMaxEventTextBytes = 64 * 1024;  // before it is cut
constexpr std::size_t kMaxPayloadBytes = 16 * 1024;
constexpr std::size_t kMaxConfigBytes = 64 * 1024;
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxInfraFields = 32;
constexpr std::size_t kMaxInfraTextBytes = 256;
constexpr std::size_t kRecentLines = 1000;

std::string indexed(const char* array, std::size_t i, const char* name) {
  return fmt::format("{}[{}].{}", array, i, name);
}

std::int64_t step_of(const Json& line) {
  const auto it = line.find("step");
  return it != line.end() && json_is<std::int64_t>(*it) ? it->get<std::int64_t>() : 0;
}

/// The step of the last line of a file; none when it has none.
std::optional<std::int64_t> last_step(const fs::path& path) {
  const LineTail tail = read_tail(path, 1);
  return tail.lines.empty() ? std::nullopt : std::optional(step_of(tail.lines.back()));
}

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// At most `max_bytes`, cut between characters.
std::string cut(std::string text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  text.resize(max_bytes);
  return text;
}

Json event_line(const Json& event, const std::string& where, std::int64_t fallback_step,
                std::int64_t now_ms) {
  if (!event.is_object()) fail_invalid("field '{}': expected an object", where);
  std::string level = text_field(event, "level", kMaxNameBytes, where + ".level");
  if (level.empty()) level = "info";
  if (level != "debug" && level != "info" && level != "warn" && level != "error") {
    fail_invalid("field '{}.level': got '{}', expected debug, info, warn or error", where, level);
  }
  const std::string kind = text_field(event, "kind", kMaxNameBytes, where + ".kind");
  if (kind.empty()) fail_invalid("field '{}.kind' is missing", where);
  std::string message =
      cut(trimmed(text_field(event, "message", kMaxEventTextBytes, where + ".message")),
          kMaxMessageBytes);
  if (message.empty()) message = "(no message)";
  Json line = {{"step", step_field(event, "step", where + ".step").value_or(fallback_step)},
               {"level", level},
               {"kind", kind},
               {"message", message}};
  if (!field(event, "payload").is_null()) {
    line["payload"] = object_field(event, "payload", kMaxPayloadBytes, where + ".payload");
  }
  line["created_at"] = step_field(event, "timestamp", where + ".timestamp").value_or(now_ms);
  return line;
}

/// The config.json of a run that starts, or goes on where `before` was its config.json.
Json start_config(const Json& body, const std::string& id, const Json& before,
                  std::int64_t now_ms) {
  Json config = {{"modelConfig", object_field(body, "modelConfig", kMaxConfigBytes, "modelConfig")},
                 {"trainConfig", object_field(body, "trainConfig", kMaxConfigBytes, "trainConfig")},
                 {"configHash", text_field(body, "configHash", kMaxNameBytes, "configHash")},
                 {"runId", id}};
  const std::string domain = text_field(body, "domain", kMaxNameBytes, "domain");
  if (!domain.empty()) config["domain"] = domain;
  if (const auto n = step_field(body, "totalParams", "totalParams")) config["totalParams"] = *n;
  if (const Json& infra = field(body, "infra"); !infra.is_null()) {
    check_flat(infra, kMaxInfraFields, kMaxInfraTextBytes, "infra");
    config["infra"] = infra;
  }
  config["source"] = "ingest";
  config["createdAt"] =
      before.is_object() && before.contains("createdAt") ? before.at("createdAt") : Json(now_ms);
  if (const auto at = step_field(body, "startedAt", "startedAt")) config["startedAt"] = *at;
  return config;
}

}  // namespace

Ingest::Ingest(fs::path root, const Clock& clock) : root_(std::move(root)), clock_(clock) {}

Json Ingest::handle(const Json& body) {
  if (!body.is_object()) fail_invalid("the message is no JSON object");
  const std::string type = text_field(body, "type", kMaxNameBytes, "type");
  const std::scoped_lock lock(mutex_);
  if (type == "run_start") return start(body);
  if (type == "metrics") return append_metrics(body);
  if (type == "samples") return append_samples(body);
  if (type == "heartbeat") return heartbeat(body);
  if (type == "event") return append_events(body, Json::array({field(body, "event")}));
  if (type == "events")
    return append_events(body, array_field(body, "events", kMaxEvents, "events"));
  fail_invalid("Unknown ingest type");
}

/// The folder of a run that has been started.
fs::path Ingest::run_dir(const Json& body) const {
  const std::string id = text_field(body, "runId", kMaxNameBytes, "runId");
  fs::path dir = ingested_run_dir(root_, id, "runId");
  if (file_status(dir / kRunConfigFile).kind == FileKind::none) {
    fail(ErrorCode::not_found, "run '{}' has not been started: send run_start first", id);
  }
  return dir;
}

Json Ingest::start(const Json& body) {
  const std::string id = text_field(body, "runId", kMaxNameBytes, "runId");
  const fs::path dir = ingested_run_dir(root_, id, "runId");
  const Json before = ingested_config(dir);
  const auto step = step_field(body, "step", "step");
  const Json config = start_config(body, id, before, clock_.unix_ms());
  // The same session that sends its start again must not lose what it has sent meanwhile.
  const bool is_same_session = config.contains("startedAt") && before.is_object() &&
                               before.value("startedAt", Json()) == config.at("startedAt");
  if (step && !is_same_session) {
    if (*step == 0 && last_step(dir / kMetricsFile)) {
      fail_invalid("field 'runId': there is a run '{}' already; choose another name", id);
    }
    drop_lines_after(dir, *step);
  }
  write_ingested_config(dir, config);
  touch_file(dir / kHeartbeatFile, clock_.unix_ms());
  return {{"ok", true}, {"written", 0}};
}

Json Ingest::append_metrics(const Json& body) {
  const fs::path dir = run_dir(body);
  const Json& metrics = array_field(body, "metrics", kMaxMetrics, "metrics");
  std::int64_t last = last_step(dir / kMetricsFile).value_or(-1);
  std::vector<Json> lines;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    check_flat(metrics[i], kMaxMetricFields, kMaxMetricTextBytes, fmt::format("metrics[{}]", i));
    const std::int64_t step = required_step(metrics[i], "step", indexed("metrics", i, "step"));
    const Json& loss = field(metrics[i], "loss");
    if (!loss.is_number() && !loss.is_null()) {
      fail_invalid("field '{}': expected a number or null", indexed("metrics", i, "loss"));
    }
    if (step <= last) continue;  // sent again
    last = step;
    lines.push_back(metrics[i]);
  }
  append_lines(dir / kMetricsFile, lines);
  touch_file(dir / kHeartbeatFile, clock_.unix_ms());
  return {{"ok", true}, {"written", lines.size()}};
}

Json Ingest::append_samples(const Json& body) {
  const fs::path dir = run_dir(body);
  const Json& samples = array_field(body, "samples", kMaxSamples, "samples");
  const std::int64_t now_ms = clock_.unix_ms();
  const auto given = step_field(body, "step", "step");
  const std::int64_t step = given ? *given : last_step(dir / kMetricsFile).value_or(0);
  std::vector<Json> recent = read_tail(dir / kSamplesFile, kRecentLines).lines;
  const std::int64_t last = recent.empty() ? 0 : step_of(recent.back());
  std::vector<Json> lines;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string where = fmt::format("samples[{}]", i);
    if (!samples[i].is_object()) fail_invalid("field '{}': expected an object", where);
    const auto idx = static_cast<std::int64_t>(i);
    Json line = {{"step", step},
                 {"idx", step_field(samples[i], "idx", where + ".idx").value_or(idx)},
                 {"prompt", text_field(samples[i], "prompt", kMaxSampleBytes, where + ".prompt")},
                 {"output", text_field(samples[i], "output", kMaxSampleBytes, where + ".output")},
                 {"created_at",
                  step_field(samples[i], "created_at", where + ".created_at").value_or(now_ms)}};
    const bool is_known =
        step < last || std::ranges::any_of(recent, [&](const Json& other) {
          return step_of(other) == step && other.value("idx", Json()) == line["idx"];
        });
    if (is_known) continue;  // sent again
    recent.push_back(line);
    lines.push_back(std::move(line));
  }
  append_lines(dir / kSamplesFile, lines);
  return {{"ok", true}, {"written", lines.size()}};
}

Json Ingest::append_events(const Json& body, const Json& events) {
  const fs::path dir = run_dir(body);
  const std::int64_t step = last_step(dir / kMetricsFile).value_or(0);
  const std::vector<Json> recent = read_tail(dir / kEventsFile, kRecentLines).lines;
  std::vector<Json> lines;
  for (std::size_t i = 0; i < events.size(); ++i) {
    Json line = event_line(events[i], fmt::format("events[{}]", i), step, clock_.unix_ms());
    const bool is_known = std::ranges::find(recent, line) != recent.end();
    if (!is_known) lines.push_back(std::move(line));
  }
  append_lines(dir / kEventsFile, lines);
  return {{"ok", true}, {"written", lines.size()}};
}

Json Ingest::heartbeat(const Json& body) {
  const fs::path dir = run_dir(body);
  step_field(body, "step", "step");
  touch_file(dir / kHeartbeatFile, clock_.unix_ms());
  return {{"ok", true}, {"written", 0}};
}

Json Ingest::complete(const Json& body) {
  if (!body.is_object()) fail_invalid("the message is no JSON object");
  const std::int64_t step = required_step(body, "finalStep", "finalStep");
  const std::scoped_lock lock(mutex_);
  const fs::path dir = run_dir(body);
  Json config = ingested_config(dir);
  config["finalStep"] = step;
  write_ingested_config(dir, config);
  return {{"ok", true}};
}

}  // namespace alpha
