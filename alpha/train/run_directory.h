#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "alpha/core/clock.h"
#include "alpha/model/gpt_config.h"
#include "alpha/tokenizers/chat_template.h"
#include "alpha/train/train_config.h"

namespace alpha {

// A run is a folder: config.json, metrics.jsonl, samples.jsonl, events.jsonl and checkpoint-<step>/
// for each checkpoint. docs/formats/run.md describes it.
inline constexpr std::string_view kRunConfigFile = "config.json";
inline constexpr std::string_view kMetricsFile = "metrics.jsonl";
inline constexpr std::string_view kSamplesFile = "samples.jsonl";
inline constexpr std::string_view kEventsFile = "events.jsonl";

/// The resolved configuration of a run: what was asked for, with every default filled in.
struct RunConfig {
  GptConfig model;
  TrainConfig train;
  std::string run_id;
  std::string domain;                              // a preset of the original, or empty
  std::optional<ChatTemplate> chat_template = {};  // none: the one that fits the tokenizer
  std::string data_path;                           // the text it was trained on
  std::string validation_path;                     // empty: the end of the same text
};

/// {modelConfig, trainConfig, configHash, runId, domain?, data, valData?}.
Json to_json(const RunConfig& run);

/// Error: corrupt.
RunConfig run_config_from_json(const Json& json, std::string_view where);

/// `YYYYMMDDHHMMSS_xxxx`: UTC and four characters of base 36, after `<tag>_` when there is a tag.
std::string make_run_id(const Clock& clock, std::string_view tag = {});

/// Creates the folder with its config.json, or takes over one of a run that is resumed after `step`
/// steps: lines beyond that step are dropped (see drop_lines_after), since they will be written
/// again, and leftovers of killed saves removed. Error: io; invalid_argument when the folder holds
/// another run, a config.json of something else, or a checkpoint of a later step.
void prepare_run_directory(const std::filesystem::path& run_dir, const RunConfig& run,
                           std::int64_t step);

/// Drops the lines of metrics.jsonl, samples.jsonl and events.jsonl that are of later steps or of
/// none. Error: io.
void drop_lines_after(const std::filesystem::path& run_dir, std::int64_t step);

}  // namespace alpha
